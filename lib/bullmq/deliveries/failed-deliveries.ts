import type { FailedEvent, FailedEventStore, FailedEventsFilter, ReplayOptions } from '../../inbox/failed-events.js';
import { GeminiWebhooksError, messageOf } from '../../errors.js';
import type { GeminiEvent } from '../../events/gemini-event.js';
import { deliveryJobName, eventIdAdvice, fromDeliveryJobData } from '../store/delivery-job.js';
import type { FailedJob, FailedJobRetry, FailedJobs, FailedJobsFilter, FailedJobState } from '../store/failed-jobs.js';
import { progressOf, succeededHandlers, unfinishedHandlers, type DeliveryProgress } from './delivery-checkpoints.js';
import { counted } from '../../shared/counted.js';
import { PageSize } from './page-size.js';

/** Number of ids that are read at a time for a list. */
const IDS_PER_PAGE = 5_000;
/** Number of jobs whose name is checked in one request. */
const NARROWED_PER_REQUEST = 2_000;
/** Number of jobs that are replayed at a time when their data need not be read. */
const STATES_PER_REQUEST = 500;

/** Selects events of a run over many, which `signal` ends. */
type Selection = FailedEventsFilter & { readonly signal?: AbortSignal };

/** The events whose attempts are exhausted, in BullMQ's failed set. */
export class FailedDeliveries implements FailedEventStore {
  readonly #open: () => Promise<FailedJobs>;

  /** @param open rejects with `inbox_unavailable` while the store is unavailable */
  constructor(open: () => Promise<FailedJobs>) {
    this.#open = open;
  }

  async list({
    offset = 0,
    limit = 100,
    ...filter
  }: FailedEventsFilter & { offset?: number; limit?: number } = {}): Promise<FailedEvent[]> {
    checkFilter(filter);
    checkCount('offset', offset);
    checkCount('limit', limit);
    const jobs = await this.#open();
    if (limit === 0) return [];
    // Without a filter every failed job is an event, so the store can apply the offset.
    const isWhole = Object.values(filter).every((value) => value === undefined);
    let skipped = isWhole ? offset : 0;
    const found: FailedEvent[] = [];
    for await (const event of matching(jobs, filter, { start: skipped, count: isWhole ? limit : Infinity })) {
      if (skipped < offset) skipped += 1;
      else if (found.push(event) >= limit) break;
    }
    return found;
  }

  async get(id: string): Promise<FailedEvent | undefined> {
    const job = await find(await this.#open(), id);
    return job && toFailedEvent(job);
  }

  async replay(id: string, { from = 'failed' }: ReplayOptions = {}): Promise<void> {
    await this.#retry(id, (job) => replayProgress(job, from));
  }

  /** A `signal` ends the run after the events in progress. */
  replayAll({ from = 'failed', ...selection }: Selection & ReplayOptions = {}): Promise<number> {
    return this.#retryAll(selection, 'replayed', (job) => replayProgress(job, from));
  }

  async discard(id: string): Promise<void> {
    await this.#retry(id, discardProgress);
  }

  /** Discards the events that match. @returns how many */
  discardAll(selection: Selection = {}): Promise<number> {
    return this.#retryAll(selection, 'discarded', discardProgress);
  }

  async #retryAll(
    { signal, ...filter }: Selection,
    done: string,
    progressFor: (job: FailedJobState) => DeliveryProgress,
  ): Promise<number> {
    checkFilter(filter);
    const jobs = await this.#open();
    let retried = 0;
    try {
      // Reads all ids first: an event that fails again during the run is not replayed twice.
      const ids = await jobs.ids(jobsFilter(filter));
      for await (const page of filter.type === undefined ? states(jobs, ids) : pages(jobs, ids, filter)) {
        const retries: FailedJobRetry[] = page
          .filter((job) => matchesFilter(job, filter))
          .map((job) => ({ id: job.id ?? '', progress: progressFor(job) }));
        if (retries.length > 0) retried += (await jobs.retry(retries)).size;
        if (signal?.aborted) break;
      }
    } catch (cause) {
      const result = `${counted(retried, 'event')} ${retried === 1 ? 'was' : 'were'} ${done} before`;
      throw unavailable(cause, ` ${result}: repeat the call for the others.`);
    }
    return retried;
  }

  async #retry(id: string, progressFor: (job: FailedJob) => DeliveryProgress): Promise<void> {
    const jobs = await this.#open();
    const job = await find(jobs, id);
    const isUnknown = `There is no failed event ${JSON.stringify(id)}.${eventIdAdvice(id)}`;
    if (!job) throw new GeminiWebhooksError('invalid_argument', isUnknown);
    const retried = await orUnavailable(jobs.retry([{ id, progress: progressFor(job) }]));
    if (retried.has(id)) return;
    throw new GeminiWebhooksError('invalid_argument', `The event ${JSON.stringify(id)} is not failed any more.`);
  }
}

async function find(jobs: FailedJobs, id: string): Promise<FailedJob | undefined> {
  const [job] = await orUnavailable(jobs.read([id]));
  return job;
}

/** Reads the jobs that may match, in pages whose size follows that of the events. */
async function* pages(
  jobs: FailedJobs,
  ids: readonly string[],
  filter: FailedEventsFilter,
): AsyncGenerator<FailedJob[]> {
  const size = new PageSize();
  for (let start = 0; start < ids.length; start += NARROWED_PER_REQUEST) {
    const narrowed = await jobs.narrow(ids.slice(start, start + NARROWED_PER_REQUEST), jobsFilter(filter));
    for (let read = 0; read < narrowed.length;) {
      const page = await jobs.read(narrowed.slice(read, (read += size.count)));
      size.fit(page);
      yield page;
    }
  }
}

async function* states(jobs: FailedJobs, ids: readonly string[]): AsyncGenerator<FailedJobState[]> {
  for (let start = 0; start < ids.length; start += STATES_PER_REQUEST) {
    yield await jobs.readStates(ids.slice(start, start + STATES_PER_REQUEST));
  }
}

async function* matching(
  jobs: FailedJobs,
  filter: FailedEventsFilter,
  { start, count }: { start: number; count: number },
): AsyncGenerator<FailedEvent> {
  try {
    for (let read = 0; read < count; read += IDS_PER_PAGE) {
      const wanted = Math.min(IDS_PER_PAGE, count - read);
      const ids = await jobs.ids(jobsFilter(filter), start + read, wanted);
      for await (const page of pages(jobs, ids, filter)) {
        for (const job of page) {
          if (filter.after && failedAt(job) <= filter.after) return;
          if (matchesFilter(job, filter)) yield toFailedEvent(job);
        }
      }
      if (ids.length < wanted) return;
    }
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** @throws GeminiWebhooksError `inbox_unavailable` if the request fails */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause: unknown, more = ''): GeminiWebhooksError {
  return new GeminiWebhooksError('inbox_unavailable', `The store did not answer: ${messageOf(cause)}.${more}`, {
    cause,
  });
}

function replayProgress(job: FailedJobState, from: 'failed' | 'start'): DeliveryProgress {
  const progress = progressOf(job);
  const { announced, generation = 0 } = progress;
  const next = from === 'start' ? generation + 1 : generation;
  const unfinished = unfinishedHandlers(progress);
  return {
    ...(announced && { announced }),
    ...(next > 0 && { generation: next }),
    handlers: from === 'start' ? {} : succeededHandlers(progress),
    ...(unfinished.length > 0 && { unfinished }),
  };
}

/** Completes the event without running any handler. Removing the job would free its key. */
function discardProgress(job: FailedJobState): DeliveryProgress {
  return { ...progressOf(job), discarded: true };
}

function toFailedEvent(job: FailedJob): FailedEvent {
  const event = eventOf(job);
  const { handlers = {}, unfinished = [] } = progressOf(job);
  return {
    id: job.id ?? '',
    type: event?.type ?? job.name,
    event,
    handlers,
    unfinished: unfinished.filter((name) => !Object.hasOwn(handlers, name)),
    attempts: job.attemptsMade,
    reason: job.failedReason ?? '',
    failedAt: failedAt(job),
  };
}

function eventOf(job: FailedJob): GeminiEvent | undefined {
  try {
    return fromDeliveryJobData(job.data).event;
  } catch {
    return undefined;
  }
}

function failedAt({ finishedOn, timestamp }: FailedJobState): Date {
  return new Date(finishedOn ?? timestamp);
}

function matchesFilter(job: FailedJobState | FailedJob, { type, before, after }: FailedEventsFilter): boolean {
  const at = failedAt(job);
  return (
    (!before || at < before) &&
    (!after || at > after) &&
    (type === undefined || ('data' in job && typeOf(job) === type))
  );
}

function typeOf(job: FailedJob): string {
  return eventOf(job)?.type ?? job.name;
}

function jobsFilter({ type, before, after }: FailedEventsFilter): FailedJobsFilter {
  return {
    ...(type !== undefined && { name: deliveryJobName({ event: { type } }) }),
    ...(before && { before: before.getTime() }),
    ...(after && { after: after.getTime() }),
  };
}

function checkFilter({ before, after }: FailedEventsFilter): void {
  for (const [name, date] of Object.entries({ before, after })) {
    if (date && Number.isNaN(date.getTime()))
      throw new GeminiWebhooksError('invalid_argument', `\`${name}\` is not a valid date.`);
  }
}

function checkCount(name: string, count: number): void {
  if (count === Infinity || (Number.isSafeInteger(count) && count >= 0)) return;
  throw new GeminiWebhooksError('invalid_argument', `\`${name}\` must be a whole number of at least 0.`);
}
