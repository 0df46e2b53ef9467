import { Injectable } from '@nestjs/common';
import { GeminiJobs, type GeminiEvent, type GeminiJob } from 'nestjs-gemini-webhooks';
import { readdir } from 'node:fs/promises';
import { FilmService, type Take } from '../long-video/film.service.js';
import { Runs } from './runs.js';
import { ShowcaseSettings } from './settings.js';

/** Records each clip that is started. */
@Injectable()
export class RecordedFilmService extends FilmService {
  constructor(
    jobs: GeminiJobs,
    private readonly runs: Runs,
  ) {
    super(jobs);
  }

  override async shoot(take: Take): Promise<GeminiJob<'video'>> {
    const { run, scene, softened = false } = take;
    const text = `scene ${scene}${softened ? ', with a softened prompt' : ''}`;
    await this.runs.addEntry(run, { kind: 'sent', text, eventKey: `${run}/${text}` });
    await this.runs.updateScene(run, scene - 1, { status: 'running', ...(softened && { softened }) });
    return super.shoot(take);
  }
}

/** Records what a film's handlers have done. */
@Injectable()
export class FilmProgress {
  constructor(
    private readonly runs: Runs,
    private readonly settings: ShowcaseSettings,
  ) {}

  /** Called after a handler of `long-video` has succeeded. */
  async handled({ type, data, userMetadata }: GeminiEvent): Promise<void> {
    const { run, scene, softened } = userMetadata as unknown as Take;
    const { reason } = data as { readonly reason?: unknown };
    if (type === 'video.generated') await this.generated(run, scene);
    else if (reason !== 'filtered' || softened) await this.failed(run, scene, `${type}, ${String(reason)}`);
  }

  private async generated(run: string, scene: number): Promise<void> {
    await this.runs.updateScene(run, scene - 1, { status: 'done' });
    await this.countVideos(run);
    const found = await this.runs.get(run);
    if (found?.kind === 'film' && scene === found.details.scenes.length) await this.runs.setStatus(run, 'succeeded');
  }

  private async failed(run: string, scene: number, why: string): Promise<void> {
    await this.runs.updateScene(run, scene - 1, { status: 'failed' });
    await this.countVideos(run);
    await this.runs.setStatus(run, 'failed', `Scene ${scene}: ${why}`);
  }

  private async countVideos(run: string): Promise<void> {
    const files = await readdir(this.settings.filmsFolder);
    const videos = files.filter((file) => file.startsWith(`${run}-`) && file.endsWith('.mp4')).length;
    await this.runs.addDetails<'film'>(run, { videos });
  }
}
