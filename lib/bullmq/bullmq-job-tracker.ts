import { GeminiWebhooksError, messageOf } from '../errors.js';
import { jobIdInKey } from '../events/event-key.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import { giveUpAt, nextCheckAt } from '../inbox/check-schedule.js';
import { idOfName, type JobRef, type JobSettlement, type JobTracker, type TrackedJob } from '../inbox/job-tracker.js';
import type { ReconcileSchedule } from '../reconcile-schedule.js';
import { withTimeout } from '../with-timeout.js';
import { ANSWER_TIMEOUT_MS } from './inbox-store.js';
import type { SettledJobs } from './settled-jobs.js';
import {
  aliasOf,
  settlementOf,
  toTrackedJobData,
  trackedJobId,
  trackedJobOf,
  type JobQueue,
  type StoredJobOrAlias,
  type StoredTrackedJob,
} from './tracked-job.js';
import { Turns } from './turns.js';
import { wake } from './wake.js';

/** For what fails in checks of one job. With the backoff they last about 40 minutes. */
const ATTEMPTS = 10;
const BACKOFF = { type: 'exponential', delay: 5_000, jitter: 0.5 };

/** How many look at once how their job ended: who waits for a thousand must not keep events waiting for a connection. */
const LOOKS_AT_ONCE = 2;

/** How the records are kept. */
export interface JobTrackerOptions {
  readonly reconcile: ReconcileSchedule | false;
  readonly keepCompletedMs: number;
  readonly keepFailedMs: number;
}

/**
 * A tracked job is a BullMQ job that is delayed until its next check; how it ended is its return value. So every process
 * on the store sees the same, and a process keeps nothing of a job that it does not wait for.
 */
export class BullmqJobTracker implements JobTracker {
  /** A hint that is lost, such as while the store is away, is made up for by looking. */
  readonly pollMs = 2_000;
  readonly #queue: () => Promise<JobQueue>;
  readonly #settled: Pick<SettledJobs, 'watch'>;
  readonly #options: JobTrackerOptions;
  readonly #looks = new Turns(LOOKS_AT_ONCE);

  /** @param queue rejects while the store is not there */
  constructor(queue: () => Promise<JobQueue>, settled: Pick<SettledJobs, 'watch'>, options: JobTrackerOptions) {
    this.#queue = queue;
    this.#settled = settled;
    this.#options = options;
  }

  /** @throws GeminiWebhooksError `inbox_unavailable`, as all that needs the store, within seconds */
  async add(job: TrackedJob): Promise<void> {
    const { createdAt, id, kind, name } = job;
    const { keepCompletedMs, keepFailedMs, reconcile } = this.#options;
    const now = Date.now();
    const dueAt = nextCheckAt({ createdAt, lookups: 0, now }, reconcile);
    await this.#ask(async (queue) => {
      // Its id may be taken by an alias.
      if (name !== undefined && (await stored(queue, id))) return;
      await queue.add(kind, toTrackedJobData(job, dueAt), {
        jobId: trackedJobId(id),
        // One that is about to be started has no event yet; one that has a name may have, and is looked at now.
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
    const found = await this.#record(id, name);
    // The event of an unbound job is found by the name alone, and may have come before that was known.
    if (found && found.finishedOn === undefined && !trackedJobOf(found).bound) await wake(found);
  }

  /** Records what an event calls the job, unless the process that started it has done so meanwhile. */
  async learnName({ id }: TrackedJob, name: string): Promise<void> {
    if ((await this.find({ id }))?.name === undefined) await this.#record(id, name);
  }

  #record(id: string, name: string): Promise<StoredTrackedJob | undefined> {
    return this.#ask(async (queue) => {
      const found = await stored(queue, id);
      if (!found) return undefined;
      const job = { ...trackedJobOf(found), name };
      await found.updateData(toTrackedJobData(job, found.data.dueAt));
      await this.#alias(queue, job, name);
      return found;
    });
  }

  /** Lives at least as long as the record: until that has ended at the latest, and has been kept. */
  async #alias(queue: JobQueue, { id, kind, params, createdAt }: TrackedJob, name: string): Promise<void> {
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
    await this.#ask((queue) => queue.remove(trackedJobId(id)));
  }

  async find(ref: JobRef): Promise<TrackedJob | undefined> {
    const found = await this.#ask((queue) => stored(queue, 'id' in ref ? ref.id : idOfName(ref)));
    return found && trackedJobOf(found);
  }

  async notice({ delivery, resource }: GeminiEvent): Promise<void> {
    const id = jobIdInKey(delivery.key) ?? (resource && idOfName({ ...resource, params: delivery.params }));
    if (id === undefined) return;
    const found = await this.#ask((queue) => stored(queue, id));
    // The event stays where it is: the check finds it in the inbox.
    if (found && found.finishedOn === undefined) await wake(found);
  }

  async settlement(id: string): Promise<JobSettlement | undefined> {
    const found = await this.#looks.take(() => this.#ask((queue) => stored(queue, id)));
    return found && settlementOf(found);
  }

  watch(id: string, changed: () => void): () => void {
    return this.#settled.watch(id, changed);
  }

  async #ask<T>(work: (queue: JobQueue) => Promise<T>): Promise<T> {
    try {
      const queue = await withTimeout(this.#queue(), ANSWER_TIMEOUT_MS, 'the store is not there');
      return await withTimeout(work(queue), ANSWER_TIMEOUT_MS, 'the store did not answer');
    } catch (cause) {
      if (cause instanceof GeminiWebhooksError && cause.code !== 'timeout') throw cause;
      throw new GeminiWebhooksError('inbox_unavailable', `The record of jobs: ${messageOf(cause)}`, { cause });
    }
  }
}

/** The job of this id, or the one that an alias under it stands for. An alias that has outlived its job gives the id free. */
async function stored(queue: JobQueue, id: string): Promise<StoredTrackedJob | undefined> {
  const job = (await queue.getJob(trackedJobId(id))) as StoredJobOrAlias | undefined;
  const alias = job && aliasOf(job);
  if (!job || alias === undefined) return job as StoredTrackedJob | undefined;
  const target = (await queue.getJob(trackedJobId(alias))) as StoredTrackedJob | undefined;
  if (!target) await job.remove();
  return target;
}
