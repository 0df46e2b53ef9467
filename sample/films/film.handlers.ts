import { Injectable, UseInterceptors } from '@nestjs/common';
import { OnGeminiEvent, type GeminiEventOf } from 'nestjs-gemini-webhooks';
import { MODELS } from '../models.js';
import { StepEvents } from '../workflows/step-events.js';
import { Steps } from '../workflows/steps.js';
import { WorkflowTimelineInterceptor } from '../workflows/workflow-timeline.interceptor.js';
import { FilmCut } from './film-cut.js';

@Injectable()
@UseInterceptors(WorkflowTimelineInterceptor)
export class FilmHandlers {
  readonly #events: StepEvents;
  readonly #steps: Steps;
  readonly #cut: FilmCut;

  constructor(events: StepEvents, steps: Steps, cut: FilmCut) {
    this.#events = events;
    this.#steps = steps;
    this.#cut = cut;
  }

  /**
   * A scene is there, so the next one is started. When this process is killed in between the event comes to another
   * one, for which the scene is done already, and what is planned is started there.
   */
  @OnGeminiEvent('video.generated')
  async next(event: GeminiEventOf<'video.generated'>): Promise<void> {
    const step = await this.#events.stepOf(event);
    if (!step || !event.resource) return;
    await this.#cut.done(step, operationName(event.resource.name));
    await this.#steps.startPlanned(step.workflow);
  }
}

/** Events name an operation by its last part; who wants to extend the video needs all of it. */
function operationName(name: string): string {
  return name.includes('/') ? name : `models/${MODELS.video}/operations/${name}`;
}
