import { Injectable, Logger } from '@nestjs/common';
import {
  GeminiJobs,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiEventOf,
  type GeminiHandlerContext,
} from 'nestjs-gemini-webhooks';

@Injectable()
export class BatchHandlers {
  private readonly logger = new Logger(BatchHandlers.name);

  constructor(private readonly jobs: GeminiJobs) {}

  @OnGeminiEvent('batch.succeeded')
  async read(event: GeminiEventOf<'batch.succeeded'>, { signal }: GeminiHandlerContext) {
    const count = { answered: 0, failed: 0 };
    for await (const { key, response, error } of this.jobs.batchResults(event, { signal })) {
      count[error ? 'failed' : 'answered'] += 1;
      this.logger.log(`${key}: ${error?.message ?? response?.text}`);
    }
    this.logger.log(`Batch ${event.userMetadata['run']}: ${count.answered} answered, ${count.failed} failed`);
  }

  @OnGeminiEvent(['batch.failed', 'batch.expired', 'batch.cancelled', 'batch.lost'])
  report({ type, data, userMetadata }: GeminiEvent) {
    this.logger.error(`Batch ${userMetadata['run']}: ${type} ${JSON.stringify(data)}`);
  }
}
