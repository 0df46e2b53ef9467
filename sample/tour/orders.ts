import { Injectable } from '@nestjs/common';
import { GeminiJobs, type GeminiJob } from 'nestjs-gemini-webhooks';

/** Has Gemini make what was ordered. `VideoHandlers` and `BatchHandlers` hear of the end, whenever that is. */
@Injectable()
export class Orders {
  readonly #jobs: GeminiJobs;

  constructor(jobs: GeminiJobs) {
    this.#jobs = jobs;
  }

  /** `userMetadata` comes back with the event. */
  film(order: string, prompt: string): Promise<GeminiJob<'video'>> {
    const webhookConfig = { userMetadata: { order } };
    return this.#jobs.generateVideos({
      model: 'veo-3.1-generate-preview',
      source: { prompt },
      config: { webhookConfig },
    });
  }

  async summaries(texts: readonly string[]): Promise<GeminiJob<'batch'>> {
    const requests = texts.map((text, index) => ({
      key: `text-${index}`,
      request: { contents: [{ parts: [{ text: `Summarise: ${text}` }] }] },
    }));
    const input = await this.#jobs.batchInput(requests);
    return this.#jobs.createBatch({ model: 'gemini-3-flash', src: input.name! });
  }
}
