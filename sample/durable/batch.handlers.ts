import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { GeminiJobs, OnGeminiEvent, type GeminiEvent, type GeminiEventOf } from 'nestjs-gemini-webhooks';
import { Pool } from 'pg';

@Injectable()
export class BatchHandlers implements OnModuleInit {
  private readonly logger = new Logger(BatchHandlers.name);

  constructor(
    private readonly jobs: GeminiJobs,
    private readonly pool: Pool,
  ) {}

  async onModuleInit() {
    // The lock keeps two workers that start at once from creating the table twice.
    await this.pool.query(`SELECT pg_advisory_xact_lock(7321);
      CREATE TABLE IF NOT EXISTS answers (run text, river text, answer text NOT NULL, PRIMARY KEY (run, river))`);
  }

  /** Stores each answer under its request. When a worker dies, another one reads the results again. */
  @OnGeminiEvent('batch.succeeded')
  async store(event: GeminiEventOf<'batch.succeeded'>) {
    const { run } = event.userMetadata;
    for await (const { metadata, response, error } of this.jobs.batchResults(event)) {
      const row = [run, metadata?.['river'], response?.text ?? error?.message];
      await this.pool.query('INSERT INTO answers VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', row);
    }
    this.logger.log(`The answers of ${run} are stored`);
  }

  @OnGeminiEvent(['batch.failed', 'batch.expired', 'batch.cancelled', 'batch.lost'])
  report({ type, userMetadata }: GeminiEvent) {
    this.logger.error(`${userMetadata['run']}: ${type}`);
  }
}
