import type { FailedEvent, FailedEventStore, FailedEventsFilter, ReplayOptions } from '../inbox/failed-events.js';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import { fromJobData } from './delivery-job.js';
import type { DeliveryJob, DeliveryQueue } from './inbox-store.js';
import { progressOf, type DeliveryProgress } from './job-checkpoints.js';

const PAGE = 200;

/** The events whose attempts are exhausted, in BullMQ's failed set. */
export class FailedDeliveries implements FailedEventStore {
  readonly #queue: () => DeliveryQueue;

  /** @param queue throws `inbox_unavailable` while the store is not there */
  constructor(queue: () => DeliveryQueue) {
    this.#queue = queue;
  }

  async list({
    offset = 0,
    limit = 100,
    ...filter
  }: FailedEventsFilter & { offset?: number; limit?: number } = {}): Promise<FailedEvent[]> {
    const found: FailedEvent[] = [];
    for await (const event of this.#matching(filter)) {
      if (found.length >= offset + limit) break;
      found.push(event);
    }
    return found.slice(offset);
  }

  async get(id: string): Promise<FailedEvent | undefined> {
    const job = await this.#find(id);
    return job && toFailedEvent(job);
  }

  async replay(id: string, { from = 'failed' }: ReplayOptions = {}): Promise<void> {
    const job = await this.#required(id);
    const { announced, handlers = {} } = progressOf(job);
    const kept =
      from === 'start' ? {} : Object.fromEntries(Object.entries(handlers).filter(([, how]) => how === 'succeeded'));
    await again(job, { ...(announced && { announced }), handlers: kept });
  }

  async replayAll(filter: FailedEventsFilter & ReplayOptions = {}): Promise<number> {
    const { from, ...which } = filter;
    const ids: string[] = [];
    for await (const { id } of this.#matching(which)) ids.push(id);
    let replayed = 0;
    for (const id of ids) {
      try {
        await this.replay(id, { ...(from && { from }) });
        replayed += 1;
      } catch (error) {
        // Somebody else has replayed or discarded it meanwhile.
        if (!(error instanceof GeminiWebhooksError && error.code === 'invalid_argument')) throw error;
      }
    }
    return replayed;
  }

  async discard(id: string): Promise<void> {
    const job = await this.#required(id);
    // Completed without running anything, rather than removed: a removed job's key would be free again.
    await again(job, { ...progressOf(job), discarded: true });
  }

  async *#matching(filter: FailedEventsFilter): AsyncGenerator<FailedEvent> {
    const queue = this.#queue();
    for (let start = 0; ; start += PAGE) {
      const page = await available(queue.getFailed(start, start + PAGE - 1));
      for (const job of page as DeliveryJob[]) {
        const event = toFailedEvent(job);
        if (matches(event, filter)) yield event;
      }
      if (page.length < PAGE) return;
    }
  }

  async #find(id: string): Promise<DeliveryJob | undefined> {
    const job = (await available(this.#queue().getJob(id))) as DeliveryJob | undefined;
    return job && (await available(job.isFailed())) ? job : undefined;
  }

  async #required(id: string): Promise<DeliveryJob> {
    const job = await this.#find(id);
    if (job) return job;
    throw new GeminiWebhooksError('invalid_argument', `There is no failed event ${JSON.stringify(id)}.`);
  }
}

async function again(job: DeliveryJob, progress: DeliveryProgress): Promise<void> {
  await available(job.updateProgress(progress));
  await available(job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true }));
}

/** @throws GeminiWebhooksError `inbox_unavailable` when the store does not do it */
async function available<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new GeminiWebhooksError('inbox_unavailable', `The store did not answer: ${messageOf(cause)}`, { cause });
  }
}

function toFailedEvent(job: DeliveryJob): FailedEvent {
  const event = eventOf(job);
  return {
    id: job.id ?? '',
    type: event?.type ?? job.name,
    event,
    handlers: progressOf(job).handlers ?? {},
    attempts: job.attemptsMade,
    reason: job.failedReason ?? '',
    failedAt: new Date(job.finishedOn ?? job.timestamp),
  };
}

function eventOf(job: DeliveryJob): GeminiEvent | undefined {
  try {
    return fromJobData(job.data).event;
  } catch {
    return undefined;
  }
}

function matches({ type: failedType, failedAt }: FailedEvent, { type, before, after }: FailedEventsFilter): boolean {
  return (type === undefined || failedType === type) && (!before || failedAt < before) && (!after || failedAt > after);
}
