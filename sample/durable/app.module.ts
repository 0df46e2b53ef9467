import { Logger, Module } from '@nestjs/common';
import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
import { Pool } from 'pg';
import { BatchHandlers } from './batch.handlers.js';

const url = process.env['DATABASE_URL'];

function connect(): Pool {
  const pool = new Pool({ connectionString: url, allowExitOnIdle: true });
  // The pool replaces a connection that breaks while it is idle. Without a listener the error would end the process.
  return pool.on('error', (error) => Logger.warn(error.message, 'Pool'));
}

/** The web process receives events and stores them in the inbox. */
@Module({ imports: [GeminiWebhooksModule.forRoot({ inbox: bullmqInbox({ url, workers: false }) })] })
export class AppModule {}

/** The worker handles what is in the inbox. Start as many as you need. */
@Module({
  imports: [GeminiWebhooksModule.forRoot({ controller: false, inbox: bullmqInbox({ url }) })],
  providers: [BatchHandlers, { provide: Pool, useFactory: connect }],
})
export class WorkerModule {}
