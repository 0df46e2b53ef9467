import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';
import { AuditHandlers } from './audit.handlers.js';
import { BatchHandlers } from './batch.handlers.js';
import { sampleInbox } from './inbox.js';
import { sampleJobs } from './jobs.js';
import { Orders } from './orders.js';
import { Pager } from './pager.js';
import { VideoHandlers } from './video.handlers.js';

/** Secrets, keys and addresses come from the environment, so nothing here differs between a laptop and production. */
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    GeminiWebhooksModule.forRoot({ inbox: sampleInbox(), jobs: sampleJobs() }),
  ],
  providers: [Orders, BatchHandlers, VideoHandlers, AuditHandlers, Pager],
})
export class AppModule {}
