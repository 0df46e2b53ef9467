import { setTimeout as wait } from 'node:timers/promises';
import { GeminiWebhooksError, messageOf } from '../../errors.js';
import { jobIdInKey } from '../../events/event-key.js';
import type { GeminiEvent } from '../../events/gemini-event.js';
import { giveUpAt, nextPollAt } from '../../inbox/poll-times.js';
import {
  earlierIdOfName,
  idOfName,
  isLost,
  type JobRef,
  type JobSettlement,
  type JobStart,
  type JobTracker,
  type TrackedJob,
} from '../../inbox/job-tracker.js';
import type { ReconcileSchedule } from '../../config/poll-schedule.js';
import { Semaphore } from '../../shared/semaphore.js';
import { withTimeout } from '../../shared/timeouts.js';
import { fromDeliveryJobData, type DeliveryJobData } from '../store/delivery-job.js';
import { ANSWER_TIMEOUT_MS } from '../store/inbox-store.js';
import type { EndedJobs } from './ended-jobs.js';
import {
  aliasOf,
  endOfTrackedJob,
  toTrackedJobData,
  trackedJobId,
  trackedJobOf,
  type TrackedJobQueue,
  type StoredTrackedJobOrAlias,
  type StoredTrackedJob,
} from './tracked-job.js';
import { isUndecided } from '../deliveries/undecided-events.js';
import { checkNow } from './check-now.js';

/**
 * Attempts at reading a tracked job, of a version that this process may not know. With the backoff they last about 40
 * minutes. They do not limit its checks.
 */
const ATTEMPTS = 10;
const BACKOFF = { type: 'exponential', delay: 5_000, jitter: 0.5 };

/** Limits concurrent reads of ended jobs: a caller that waits for a thousand jobs must not hold every connection. */
const MAX_CONCURRENT_READS = 2;

/** How often removing a locked job is retried, in milliseconds. */
const LOCKED_POLL_MS = 20;

/** Options of `BullmqJobTracker`. */
export interface BullmqJobTrackerOptions {
  /** Finds the event that ended a job if the inbox has stored it. */
  findEvent(job: TrackedJob): Promise<DeliveryJobData | undefined>;
  /** Returns how an event ends its job. */
  settlementOf(event: GeminiEvent): JobSettlement | undefined;
  readonly reconcile: ReconcileSchedule | false;
  readonly keepCompletedMs: number;
  readonly keepFailedMs: number;
}

/**
 * Tracks each Gemini job as a BullMQ job that is delayed until its next check and whose return value is how it ended. All
 * processes on the store share this state, and a process keeps nothing in memory for jobs that it does not wait for.
 */
export class BullmqJobTracker implements JobTracker {
  /** Polling covers notifications that are lost, for example during an outage of the store. */
  readonly pollMs = 2_000;
  readonly #queue: () => Promise<TrackedJobQueue>;
  readonly #endedJobs: Pick<EndedJobs, 'watch' | 'publish'>;
  readonly #options: BullmqJobTrackerOptions;
  readonly #reads = new Semaphore(MAX_CONCURRENT_READS);

  /** @param queue rejects while the store is unavailable */
  constructor(
    queue: () => Promise<TrackedJobQueue>,
    endedJobs: Pick<EndedJobs, 'watch' | 'publish'>,
    options: BullmqJobTrackerOptions,
  ) {
    this.#queue = queue;
    this.#endedJobs = endedJobs;
    this.#options = options;
  }

  /** @throws GeminiWebhooksError `inbox_unavailable` within seconds if the store does not answer, like the other methods */
  async add(job: TrackedJob): Promise<void> {
    const { id, kind, name } = job;
    const { keepCompletedMs, keepFailedMs, reconcile } = this.#options;
    const now = Date.now();
    const dueAt = nextPollAt(job, { polls: 0, now }, reconcile);
    await this.#request(async (queue) => {
      // An alias may already use its id.
      if (name !== undefined && (await readTrackedJob(queue, id))) return;
      await queue.add(kind, toTrackedJobData(job, dueAt), {
        jobId: trackedJobId(id),
        // A job without a name has not been started, so it has no event yet. A job with one may have, so it is checked now.
        delay: name === undefined ? Math.max(0, dueAt - now) : 0,
        attempts: ATTEMPTS,
        backoff: BACKOFF,
        removeOnComplete: { age: Math.ceil(keepCompletedMs / 1000) },
        removeOnFail: { age: Math.ceil(keepFailedMs / 1000) },
      });
      if (name !== undefined) await this.#alias(queue, job, name);
    });
  }

  async rename(id: string, name: string): Promise<void> {
    const found = await this.#recordName(id, name);
    // The event of an unbound job is found by name only, and may have arrived before the name was known.
    if (found && found.finishedOn === undefined && !trackedJobOf(found).bound) await checkNow(found);
  }

  async recordStart(id: string, start: JobStart): Promise<void> {
    await this.#request(async (queue) => {
      const found = await readTrackedJob(queue, id);
      if (!found) return;
      await found.updateData(toTrackedJobData({ ...trackedJobOf(found), start }, found.data.dueAt));
      // A refused start has nothing to wait for.
      if (start.refused) await checkNow(found);
    });
  }

  /** Records the job's name from an event, unless the process that started the job has already done so. */
  async learnName({ id }: TrackedJob, name: string): Promise<void> {
    if ((await this.find({ id }))?.name === undefined) await this.#recordName(id, name);
  }

  #recordName(id: string, name: string): Promise<StoredTrackedJob | undefined> {
    return this.#request(async (queue) => {
      const found = await readTrackedJob(queue, id);
      if (!found) return undefined;
      const job = { ...trackedJobOf(found), name };
      await found.updateData(toTrackedJobData(job, found.data.dueAt));
      await this.#alias(queue, job, name);
      return found;
    });
  }

  /** The alias lives at least as long as the record: until the job must have ended, plus the retention. */
  async #alias(queue: TrackedJobQueue, { id, kind, params, createdAt }: TrackedJob, name: string): Promise<void> {
    const alias = idOfName({ kind, name, params });
    if (alias === id) return;
    const { keepCompletedMs, keepFailedMs, reconcile } = this.#options;
    const until = giveUpAt(createdAt, reconcile) + Math.max(keepCompletedMs, keepFailedMs);
    await queue.add(
      'alias',
      { v: 1, alias: id },
      {
        jobId: trackedJobId(alias),
        delay: Math.max(0, until - Date.now()),
        removeOnComplete: true,
        removeOnFail: true,
      },
    );
  }

  async remove(id: string): Promise<void> {
    await this.#request((queue) => removeUnlocked(queue, trackedJobId(id)));
  }

  async find(ref: JobRef): Promise<TrackedJob | undefined> {
    const found = await this.#request((queue) => findTrackedJob(queue, ref));
    return found && trackedJobOf(found);
  }

  async notice({ delivery, resource }: GeminiEvent): Promise<void> {
    const id = jobIdInKey(delivery.key);
    const ref = id === undefined ? resource && { ...resource, params: delivery.params } : { id };
    const found = ref && (await this.#request((queue) => findTrackedJob(queue, ref)));
    if (!found) return;
    // The event stays in the inbox: the check finds it there, and so does a caller that waits for a lost job.
    if (found.finishedOn === undefined) await checkNow(found);
    else this.#endedJobs.publish(trackedJobOf(found).id);
  }

  async settlement(id: string): Promise<JobSettlement | undefined> {
    const found = await this.#reads.run(() => this.#request((queue) => readTrackedJob(queue, id)));
    const end = found && endOfTrackedJob(found);
    if (!found || !end || !isLost(end.outcome)) return end;
    const job = trackedJobOf(found);
    const delivery = await this.#options.findEvent(job);
    // A completed interaction whose event was never decided may have no video.
    if (!delivery || isUndecided(job, { data: delivery })) return end;
    return this.#options.settlementOf(fromDeliveryJobData(delivery).event) ?? end;
  }

  watch(id: string, changed: () => void): () => void {
    return this.#endedJobs.watch(id, changed);
  }

  async #request<T>(work: (queue: TrackedJobQueue) => Promise<T>): Promise<T> {
    try {
      const queue = await withTimeout(this.#queue(), ANSWER_TIMEOUT_MS, 'the store is unavailable');
      return await withTimeout(work(queue), ANSWER_TIMEOUT_MS, 'the store did not answer');
    } catch (cause) {
      if (cause instanceof GeminiWebhooksError && cause.code !== 'timeout') throw cause;
      throw new GeminiWebhooksError(
        'inbox_unavailable',
        `The record of Gemini jobs could not be read or written: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}

/**
 * Removes a tracked job. Waits while a check locks it: a record that stayed would be mistaken for the next start with this
 * id.
 */
async function removeUnlocked(queue: TrackedJobQueue, jobId: string): Promise<void> {
  const deadline = Date.now() + ANSWER_TIMEOUT_MS;
  while ((await queue.remove(jobId)) === 0 && (await queue.getJob(jobId))) {
    if (Date.now() > deadline) throw new Error(`the tracked job ${jobId} is still being checked`);
    await wait(LOCKED_POLL_MS);
  }
}

async function findTrackedJob(queue: TrackedJobQueue, ref: JobRef): Promise<StoredTrackedJob | undefined> {
  if ('id' in ref) return readTrackedJob(queue, ref.id);
  const found = await readTrackedJob(queue, idOfName(ref));
  const earlier = earlierIdOfName(ref);
  return found || earlier === undefined ? found : readTrackedJob(queue, earlier);
}

/** Returns the tracked job with this id, following an alias. Removes an alias whose job is gone, which frees the id. */
async function readTrackedJob(queue: TrackedJobQueue, id: string): Promise<StoredTrackedJob | undefined> {
  const job = (await queue.getJob(trackedJobId(id))) as StoredTrackedJobOrAlias | undefined;
  const alias = job && aliasOf(job);
  if (!job || alias === undefined) return job as StoredTrackedJob | undefined;
  const target = (await queue.getJob(trackedJobId(alias))) as StoredTrackedJob | undefined;
  if (!target) await job.remove();
  return target;
}
