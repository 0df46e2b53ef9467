import { Injectable } from '@nestjs/common';
import { OnGeminiEvent, type GeminiEvent } from 'nestjs-gemini-webhooks';
import { StepEvents } from './step-events.js';
import { Timeline } from './timeline.js';

@Injectable()
export class TimelineHandlers {
  readonly #events: StepEvents;
  readonly #timeline: Timeline;

  constructor(events: StepEvents, timeline: Timeline) {
    this.#events = events;
    this.#timeline = timeline;
  }

  /** Every event of a workflow, whatever its type: it was accepted, and by what it was vouched for. */
  @OnGeminiEvent('*')
  async record(event: GeminiEvent): Promise<void> {
    const workflow = await this.#events.workflowOf(event);
    if (workflow !== undefined) await this.#timeline.event(workflow, event);
  }
}
