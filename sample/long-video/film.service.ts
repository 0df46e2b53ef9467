import { Injectable } from '@nestjs/common';
import { GeminiJobs, type GeminiJob } from 'nestjs-gemini-webhooks';

/** An attempt at a scene, which extends the video of `before`. Travels as `user_metadata`, comes back with the event. */
export interface Take {
  readonly run: string;
  readonly scenes: readonly string[];
  readonly scene: number;
  readonly before?: string;
  readonly softened?: boolean;
}

@Injectable()
export class FilmService {
  constructor(private readonly jobs: GeminiJobs) {}

  /** Starts a film of 8 s a scene, once for each `run`. `FilmHandlers` shoots the other scenes. */
  start(scenes: readonly string[], run: string): Promise<GeminiJob<'video'>> {
    return this.shoot({ run, scenes, scene: 1 });
  }

  async shoot(take: Take): Promise<GeminiJob<'video'>> {
    const { run, scenes, scene, before, softened } = take;
    const prompt = softened ? `${scenes[scene - 1]} Calm and friendly, suitable for all ages.` : scenes[scene - 1]!;
    const params = { response_format: { duration: '8s' }, webhook_config: { user_metadata: { ...take } } };
    const options = { idempotencyKey: `${run}/scene-${scene}${softened ? '/softened' : ''}` };
    try {
      if (before) return await this.jobs.extendVideo(before, { ...params, prompt }, options);
      return await this.jobs.createVideo({ ...params, input: prompt }, options);
    } catch (error) {
      const { error: answer = '' } = error as { readonly error?: unknown };
      if (softened || !JSON.stringify(answer).includes('content_blocked')) throw error;
      return this.shoot({ ...take, softened: true });
    }
  }
}
