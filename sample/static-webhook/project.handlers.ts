import { Injectable, Logger } from '@nestjs/common';
import { GeminiJobs, OnGeminiEvent, type GeminiEvent, type GeminiEventOf } from 'nestjs-gemini-webhooks';

/** Handles every batch of the project, also those that other programs start. */
@Injectable()
export class ProjectHandlers {
  private readonly logger = new Logger(ProjectHandlers.name);

  constructor(private readonly jobs: GeminiJobs) {}

  @OnGeminiEvent('batch.succeeded')
  async read(event: GeminiEventOf<'batch.succeeded'>) {
    this.logger.log(`${event.resource?.name} succeeded, verified by ${event.delivery.strategy}`);
    for await (const { response, error } of this.jobs.batchResults(event)) {
      this.logger.log(error?.message ?? response?.text);
    }
  }

  @OnGeminiEvent(['batch.failed', 'batch.expired'])
  report({ type, resource }: GeminiEvent) {
    this.logger.error(`${resource?.name}: ${type}`);
  }
}
