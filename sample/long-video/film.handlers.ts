import { Injectable, Logger } from '@nestjs/common';
import { GeminiJobs, OnGeminiEvent, type GeminiEventOf } from 'nestjs-gemini-webhooks';
import { FilmService, type Take } from './film.service.js';

@Injectable()
export class FilmHandlers {
  private readonly logger = new Logger(FilmHandlers.name);

  constructor(
    private readonly jobs: GeminiJobs,
    private readonly films: FilmService,
  ) {}

  /** Shoots the next scene. It extends this video, or begins a new one when this one is 5 scenes (40 s) long. */
  @OnGeminiEvent('video.generated')
  async next(event: GeminiEventOf<'video.generated'>) {
    const { run, scenes, scene } = event.userMetadata as unknown as Take;
    const isLast = scene % 5 === 0 || scene === scenes.length;
    const before = isLast ? {} : { before: event.resource!.name };
    if (scene < scenes.length) await this.films.shoot({ run, scenes, scene: scene + 1, ...before });
    if (isLast) await this.jobs.downloadVideo(event, `${run}-${Math.ceil(scene / 5)}.mp4`);
    this.logger.log(`${run}: scene ${scene} of ${scenes.length} is ready${isLast ? ' and downloaded' : ''}`);
  }

  /** Softens a refused prompt, once. Otherwise the film ends with the scenes before. */
  @OnGeminiEvent(['video.failed', 'video.lost'])
  async retry({ data, userMetadata }: GeminiEventOf<'video.failed' | 'video.lost'>) {
    const take = userMetadata as unknown as Take;
    this.logger.warn(`${take.run}: scene ${take.scene}: ${data.reason}`);
    if (data.reason === 'filtered' && !take.softened) await this.films.shoot({ ...take, softened: true });
    else if (take.before) await this.jobs.downloadVideo(take.before, `${take.run}-${Math.ceil(take.scene / 5)}.mp4`);
  }
}
