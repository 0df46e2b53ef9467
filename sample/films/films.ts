import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, isNotNull } from 'drizzle-orm';
import { GeminiJobs, type GeminiJob } from 'nestjs-gemini-webhooks';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Queries } from '../database/database.js';
import { films, scenes } from '../database/schema.js';
import { MODELS } from '../models.js';
import { sampleSettings, type SampleSettings } from '../settings.js';
import { stepMetadata } from '../workflows/step-events.js';
import { Steps, type StartedStep, type Step, type StepKey, type StepRunner } from '../workflows/steps.js';
import { Timeline } from '../workflows/timeline.js';
import { Workflows } from '../workflows/workflows.js';
import { FilmCut } from './film-cut.js';
import { secondsOf, softened } from './storyboard.js';

/** It is there by then: this only bounds the wait where its record is not. */
const CLIP_TIMEOUT_MS = 30_000;
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** Makes one long video of a storyboard: the first clip, then extension after extension. `FilmHandlers` goes on. */
@Injectable()
export class Films implements StepRunner {
  readonly #workflows: Workflows;
  readonly #steps: Steps;
  readonly #jobs: GeminiJobs;
  readonly #timeline: Timeline;
  readonly #cut: FilmCut;
  readonly #folder: string;

  constructor(
    workflows: Workflows,
    steps: Steps,
    jobs: GeminiJobs,
    timeline: Timeline,
    cut: FilmCut,
    @Inject(sampleSettings.KEY) { filmsFolder }: SampleSettings,
  ) {
    this.#workflows = workflows;
    this.#steps = steps;
    this.#jobs = jobs;
    this.#timeline = timeline;
    this.#cut = cut;
    this.#folder = filmsFolder;
    steps.register('film', this);
  }

  /** Returns as soon as it is written down what is to be done. */
  async begin(prompts: readonly string[]): Promise<string> {
    const title = `A film of ${prompts.length} scene${prompts.length === 1 ? '' : 's'}`;
    const id = await this.#workflows.create({ kind: 'film', title }, async (tx, workflow) => {
      await tx.insert(films).values({ workflow });
      await tx.insert(scenes).values(prompts.map((prompt, position) => ({ workflow, position, prompt })));
      await this.#cut.shoot(tx, workflow, 0);
    });
    void this.#steps.startPlanned(id);
    return id;
  }

  async start(tx: Queries, step: Step): Promise<StartedStep | undefined> {
    if (step.name === 'download') return this.#download(tx, step);
    const [scene] = await tx
      .select()
      .from(scenes)
      .where(and(eq(scenes.workflow, step.workflow), eq(scenes.position, step.position)));
    if (!scene) return undefined;
    const prompt = step.attempt === 1 ? scene.prompt : softened(scene.prompt);
    const again = step.attempt === 1 ? '' : ', with a softened prompt';
    return { job: await this.#clip(tx, step, prompt), sent: `scene ${step.position + 1}${again}` };
  }

  /** The first scene is a video of its own, each other one makes the video before it longer. */
  async #clip(tx: Queries, step: Step, prompt: string): Promise<GeminiJob<'video'>> {
    const config = { webhookConfig: { userMetadata: stepMetadata(step) } };
    const before = (await lastScene(tx, step.workflow))?.clip;
    if (before)
      return this.#jobs.extendVideo(before, { model: MODELS.video, prompt, config }, { timeoutMs: CLIP_TIMEOUT_MS });
    return this.#jobs.generateVideos({ model: MODELS.video, source: { prompt }, config });
  }

  /** What there is of the film is kept, whether or not there is all of it. */
  async #download(tx: Queries, { workflow }: Step): Promise<undefined> {
    const last = await lastScene(tx, workflow);
    const [film] = await tx.select().from(films).where(eq(films.workflow, workflow));
    if (!last?.clip || !film) return;
    const video = `${workflow}.mp4`;
    await mkdir(this.#folder, { recursive: true });
    await this.#jobs.downloadVideo(last.clip, join(this.#folder, video), {
      signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS),
    });
    await tx.update(films).set({ video }).where(eq(films.workflow, workflow));
    await this.#timeline.note(tx, workflow, `The film of ${secondsOf(last.position + 1)} s is downloaded.`);
    await this.#workflows.end(tx, workflow, film.failure);
  }

  /** A clip was filtered or failed, or the download was refused. */
  async failed(step: StepKey, reason: string): Promise<void> {
    if (step.name === 'download') await this.#endWithoutVideo(step, reason);
    else await this.#cut.retake(step, reason);
    await this.#steps.startPlanned(step.workflow);
  }

  async #endWithoutVideo(step: StepKey, reason: string): Promise<void> {
    await this.#workflows.change(step.workflow, async (tx) => {
      const [film] = await tx.select().from(films).where(eq(films.workflow, step.workflow));
      await this.#steps.end(tx, step);
      await this.#workflows.end(tx, step.workflow, film?.failure ?? `The film could not be downloaded: ${reason}`);
    });
  }
}

/** The scene whose clip holds all scenes so far. */
async function lastScene(tx: Queries, workflow: string): Promise<typeof scenes.$inferSelect | undefined> {
  const [scene] = await tx
    .select()
    .from(scenes)
    .where(and(eq(scenes.workflow, workflow), isNotNull(scenes.clip)))
    .orderBy(desc(scenes.position))
    .limit(1);
  return scene;
}
