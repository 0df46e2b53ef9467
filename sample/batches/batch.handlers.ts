import { Injectable, UseInterceptors } from '@nestjs/common';
import {
  GeminiJobs,
  OnGeminiEvent,
  type BatchResult,
  type GeminiEventOf,
  type GeminiHandlerContext,
} from 'nestjs-gemini-webhooks';
import { StepEvents } from '../workflows/step-events.js';
import { Steps } from '../workflows/steps.js';
import { WorkflowTimelineInterceptor } from '../workflows/workflow-timeline.interceptor.js';
import { Workflows } from '../workflows/workflows.js';
import { BatchStore } from './batch-store.js';
import { Batches } from './batches.js';

/** How many results are stored at once. */
const CHUNK = 250;

@Injectable()
@UseInterceptors(WorkflowTimelineInterceptor)
export class BatchHandlers {
  readonly #events: StepEvents;
  readonly #steps: Steps;
  readonly #workflows: Workflows;
  readonly #jobs: GeminiJobs;
  readonly #store: BatchStore;
  readonly #batches: Batches;

  constructor(
    events: StepEvents,
    steps: Steps,
    workflows: Workflows,
    jobs: GeminiJobs,
    store: BatchStore,
    batches: Batches,
  ) {
    this.#events = events;
    this.#steps = steps;
    this.#workflows = workflows;
    this.#jobs = jobs;
    this.#store = store;
    this.#batches = batches;
  }

  /** Streams the results into the store. A process that is killed on the way leaves the rest to the next one. */
  @OnGeminiEvent('batch.succeeded')
  async store(event: GeminiEventOf<'batch.succeeded'>, { signal }: GeminiHandlerContext): Promise<void> {
    const step = await this.#events.stepOf(event);
    if (!step) return;
    let chunk: BatchResult[] = [];
    for await (const result of this.#jobs.batchResults(event, { signal })) {
      chunk.push(result);
      if (chunk.length < CHUNK) continue;
      await this.#store.add(step.workflow, chunk);
      signal.throwIfAborted();
      chunk = [];
    }
    await this.#store.add(step.workflow, chunk);
    await this.#workflows.change(step.workflow, async (tx) => {
      await this.#steps.end(tx, step);
      await this.#workflows.end(tx, step.workflow);
    });
  }

  @OnGeminiEvent(['batch.failed', 'batch.expired', 'batch.cancelled'])
  async fail(event: GeminiEventOf<'batch.failed' | 'batch.expired' | 'batch.cancelled'>): Promise<void> {
    const step = await this.#events.stepOf(event);
    if (step) await this.#batches.failed(step, reasonOf(event));
  }
}

function reasonOf(event: GeminiEventOf<'batch.failed' | 'batch.expired' | 'batch.cancelled'>): string {
  switch (event.type) {
    case 'batch.failed':
      return event.data.error_message ?? 'Gemini gave no reason';
    case 'batch.expired':
      return 'it took longer than 48 hours';
    case 'batch.cancelled':
      return 'it was cancelled';
  }
}
