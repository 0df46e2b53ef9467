import { Injectable } from '@nestjs/common';
import { GeminiJobs, type GeminiJob } from 'nestjs-gemini-webhooks';
import { createHash } from 'node:crypto';

@Injectable()
export class BatchService {
  constructor(private readonly jobs: GeminiJobs) {}

  /** Starts a batch of prompts, once for each `run`. `BatchHandlers` reads the answers. */
  async start(prompts: Iterable<string> | AsyncIterable<string>, run: string): Promise<GeminiJob<'batch'>> {
    // The file's name is the run's as well: a second start finds it and uploads nothing.
    const name = `files/${createHash('sha256').update(run).digest('hex').slice(0, 40)}`;
    const file = await this.jobs.batchInput(requestsOf(prompts), { name });
    return this.jobs.createBatch(
      { model: 'gemini-3.8-flash', src: file.name!, config: { webhookConfig: { userMetadata: { run } } } },
      { idempotencyKey: run },
    );
  }
}

async function* requestsOf(prompts: Iterable<string> | AsyncIterable<string>) {
  let key = 0;
  for await (const text of prompts) yield { key: String(++key), request: { contents: [{ parts: [{ text }] }] } };
}
