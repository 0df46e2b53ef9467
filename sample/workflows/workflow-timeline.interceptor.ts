import { Injectable, Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { GeminiEvent, GeminiHandlerContext } from 'nestjs-gemini-webhooks';
import { performance } from 'node:perf_hooks';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { StepEvents } from './step-events.js';
import { Timeline, type HandlerRun } from './timeline.js';

/** On a class of handlers: writes down how each fared, how long it took, and which attempt it was. */
@Injectable()
export class WorkflowTimelineInterceptor implements NestInterceptor {
  readonly #events: StepEvents;
  readonly #timeline: Timeline;
  readonly #logger = new Logger('Timeline');

  constructor(events: StepEvents, timeline: Timeline) {
    this.#events = events;
    this.#timeline = timeline;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const [event, run] = context.getArgs<[GeminiEvent, GeminiHandlerContext]>();
    return from(this.#timed(event, run, next));
  }

  async #timed(event: GeminiEvent, { handler, attempt }: GeminiHandlerContext, next: CallHandler): Promise<unknown> {
    const startedAt = performance.now();
    const ran = (error?: unknown) =>
      this.#write(event, { handler, attempt, event: event.type, durationMs: performance.now() - startedAt, error });
    try {
      const result: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await ran();
      return result;
    } catch (error) {
      await ran(error ?? 'unknown');
      throw error;
    }
  }

  /** A handler that is done stays so, whether or not that could be written down. */
  async #write(event: GeminiEvent, run: HandlerRun): Promise<void> {
    try {
      const workflow = await this.#events.workflowOf(event);
      if (workflow !== undefined) await this.#timeline.handled(workflow, run);
    } catch (error) {
      this.#logger.warn(`${run.handler} could not be put on the timeline: ${(error as Error).message}`);
    }
  }
}
