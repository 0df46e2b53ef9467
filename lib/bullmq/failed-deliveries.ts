import type { FailedEvent, FailedEventStore, FailedEventsFilter, ReplayOptions } from '../inbox/failed-events.js';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import { fromJobData } from './delivery-job.js';
import type { DeliveryJob, DeliveryQueue } from './inbox-store.js';
import { progressOf, succeededOf, type DeliveryProgress } from './job-checkpoints.js';

const PAGE = 200;
/** How many jobs are read one by one in the same moment. */
const AT_ONCE = 50;
/** What BullMQ says of a job that is not there, and of one that is not in the state that it should be in. */
const GONE: ReadonlySet<unknown> = new Set([-1, -3]);

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
    const progress = progressOf(job);
    const { announced } = progress;
    await again(job, { ...(announced && { announced }), handlers: from === 'start' ? {} : succeededOf(progress) });
  }

  async replayAll(filter: FailedEventsFilter & ReplayOptions = {}): Promise<number> {
    const { from, ...which } = filter;
    let replayed = 0;
    for await (const job of this.#snapshot()) {
      const event = toFailedEvent(job);
      if (matches(event, which) && (await this.#replayed(event.id, { ...(from && { from }) }))) replayed += 1;
    }
    return replayed;
  }

  async discard(id: string): Promise<void> {
    const job = await this.#required(id);
    // Completed without running anything, rather than removed: a removed job's key would be free again.
    await again(job, { ...progressOf(job), discarded: true });
  }

  /** Whether it was there to be replayed: somebody else may have replayed or discarded it meanwhile. */
  async #replayed(id: string, options: ReplayOptions): Promise<boolean> {
    try {
      await this.replay(id, options);
      return true;
    } catch (error) {
      if (error instanceof GeminiWebhooksError && error.code === 'invalid_argument') return false;
      throw error;
    }
  }

  /** What has failed by now. Page by page, what moves up while others replay and discard would be passed over. */
  async *#snapshot(): AsyncGenerator<DeliveryJob> {
    const queue = this.#queue();
    const ids = await available(queue.getRanges(['failed'], 0, -1));
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const page = await available(Promise.all(ids.slice(start, start + AT_ONCE).map((id) => queue.getJob(id))));
      for (const job of page as (DeliveryJob | undefined)[]) if (job) yield job;
    }
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
  try {
    await job.updateProgress(progress);
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
  } catch (cause) {
    if (!GONE.has((cause as { code?: unknown }).code)) throw unavailable(cause);
    throw new GeminiWebhooksError('invalid_argument', `The event ${JSON.stringify(job.id)} is not failed any more.`, {
      cause,
    });
  }
}

/** @throws GeminiWebhooksError `inbox_unavailable` when the store does not do it */
async function available<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause: unknown): GeminiWebhooksError {
  return new GeminiWebhooksError('inbox_unavailable', `The store did not answer: ${messageOf(cause)}`, { cause });
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
