import { Logger } from '@nestjs/common';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { jobIdInKey } from '../events/event-key.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { counted } from '../shared/counted.js';
import { Watchers } from '../shared/watchers.js';
import { isGivenUp, nextPollAt } from './poll-times.js';
import { DueJobs } from './due-jobs.js';
import { InlineJobRecords, newRecord, type JobRecord } from './inline-job-records.js';
import {
  idOfName,
  type JobRef,
  type JobSettlement,
  type JobStart,
  type JobTracker,
  type JobTracking,
  type JobVerdict,
  type LostOutcome,
  type TrackedJob,
} from './job-tracker.js';
import { isNotFound, nextPollOfMissing, oneMoreMissing } from './not-found-answers.js';

const MAX_CONCURRENT_CHECKS = 4;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 3_600_000;

const NOT_POLLED: JobVerdict = { is: 'running' };

/** Tracks the jobs of one process in memory: bounded, and lost when the process ends. */
export class InlineJobTracker implements JobTracker {
  readonly #tracking: JobTracking;
  readonly #accept: (delivery: VerifiedDelivery) => Promise<unknown>;
  readonly #maxEntries: number;
  readonly #records: InlineJobRecords;
  readonly #due = new DueJobs(MAX_CONCURRENT_CHECKS, (id, at) => this.#work(id, at));
  readonly #watchers = new Watchers();
  readonly #logger = new Logger('GeminiWebhooks');
  #isStarted = false;
  #isClosed = false;

  constructor(
    tracking: JobTracking,
    accept: (delivery: VerifiedDelivery) => Promise<unknown>,
    limits: { readonly maxEntries: number; readonly retentionMs: number },
  ) {
    this.#tracking = tracking;
    this.#accept = accept;
    this.#maxEntries = limits.maxEntries;
    this.#records = new InlineJobRecords(limits);
  }

  /** @throws GeminiWebhooksError `inbox_unavailable` when the limit of running jobs is reached */
  async add(job: TrackedJob): Promise<void> {
    if (this.#records.get(job.id)) return;
    const { size } = this.#records.running;
    if (size >= this.#maxEntries) {
      throw new GeminiWebhooksError(
        'inbox_unavailable',
        `${counted(size, 'job')} ${size === 1 ? 'is' : 'are'} running, the limit of the inline inbox. Use bullmqInbox to track more.`,
      );
    }
    const dueAt = nextPollAt(job, { polls: 0, now: Date.now() }, this.#tracking.reconcile);
    const entry = { ...newRecord(job), dueAt };
    this.#records.addRunning(entry);
    if (job.name !== undefined) this.#records.addName(entry, job.name);
    this.#due.schedule(job.id, dueAt);
  }

  async rename(id: string, name: string): Promise<void> {
    const entry = this.#records.get(id);
    if (!entry) return;
    const { kind, params } = entry.job;
    const byName = this.#records.find({ kind, name, params });
    entry.job = { ...entry.job, name };
    this.#records.addName(entry, name);
    // The event of an unbound job may have arrived before its name was known.
    if (byName?.settlement) this.#end(entry, byName.settlement);
  }

  async recordStart(id: string, start: JobStart): Promise<void> {
    const entry = this.#records.get(id);
    if (!entry) return;
    entry.job = { ...entry.job, start };
    if (start.refused) this.#end(entry, { outcome: 'failed', message: 'Gemini refused to start it' });
  }

  async remove(id: string): Promise<void> {
    this.#records.remove(id);
  }

  async find(ref: JobRef): Promise<TrackedJob | undefined> {
    return this.#records.find(ref)?.job;
  }

  async notice(event: GeminiEvent): Promise<void> {
    const entry = this.#ofEvent(event);
    if (!entry || entry.settlement) return;
    if (entry.job.name === undefined && event.resource) await this.rename(entry.job.id, event.resource.name);
    const verdict = await this.#tracking.check(entry.job, event);
    if (verdict.is === 'settled') {
      this.#end(entry, verdict.settlement);
      if (entry.job.name !== undefined) this.#records.addName(entry, entry.job.name);
    } else if (verdict.is === 'postponed') throw new Error('Gemini could not be polled for the outcome of the job');
  }

  /** Returns the job of the event. An untracked one is remembered, because a caller may wait for it later. */
  #ofEvent({ delivery: { key, params }, resource }: GeminiEvent): JobRecord | undefined {
    const id = jobIdInKey(key);
    const known = id === undefined ? undefined : this.#records.get(id);
    if (known || !resource) return known;
    const { kind, name } = resource;
    const byName = this.#records.find({ kind, name, params });
    if (byName) return byName;
    const jobId = id ?? idOfName({ kind, name, params });
    const job: TrackedJob = { id: jobId, kind, name, params, bound: id !== undefined, createdAt: Date.now() };
    return newRecord(job);
  }

  async settlement(id: string): Promise<JobSettlement | undefined> {
    const entry = this.#records.get(id);
    return entry?.settlement ?? entry?.lost;
  }

  watch(id: string, changed: () => void): () => void {
    return this.#watchers.add(id, changed);
  }

  #end(entry: JobRecord, settlement: JobSettlement): void {
    if (entry.settlement) return;
    entry.settlement = settlement;
    this.#stopPolling(entry);
  }

  /** Stops polling a job. It stays among the running ones while its events are undelivered. */
  #stopPolling(entry: JobRecord): void {
    const { id } = entry.job;
    this.#records.addEnded(entry);
    if (entry.undelivered.length === 0) this.#records.stop(entry);
    this.#watchers.notify(id);
  }

  async #work(id: string, at: number): Promise<void> {
    const entry = this.#records.running.get(id);
    // Ended and rescheduled jobs leave stale items in the queue.
    if (!entry || entry.dueAt !== at) return;
    entry.dueAt = Infinity;
    let failed = `The job ${id} could not be checked`;
    try {
      if (!this.#records.hasEnded(id)) await this.#check(entry);
      failed = `The event that polling found for the job ${id} was not handled`;
      await this.#deliver(entry);
      entry.failures = 0;
    } catch (error) {
      const delayMs = Math.min(RETRY_MS * 2 ** entry.failures, MAX_RETRY_MS);
      entry.failures += 1;
      this.#warn(failed, delayMs, error);
      this.#recheckAt(entry, Math.min(Date.now() + delayMs, entry.dueAt));
    }
  }

  #warn(failed: string, delayMs: number, error: unknown): void {
    // Handlers that still run have not failed, and the inbox has warned about them.
    if (error instanceof GeminiWebhooksError && error.code === 'still_processing') return;
    const next = this.#isClosed
      ? 'and nothing retries it, because the app is shutting down'
      : `retrying in ${delayMs} ms`;
    this.#logger.warn(`${failed}, ${next}: ${messageOf(error)}`);
  }

  #recheckAt(entry: JobRecord, at: number): void {
    entry.dueAt = Math.round(at);
    this.#due.schedule(entry.job.id, entry.dueAt);
  }

  async #check(entry: JobRecord): Promise<void> {
    const { job } = entry;
    const { reconcile } = this.#tracking;
    const verdict = reconcile ? await this.#tracking.check(job, undefined) : NOT_POLLED;
    if (entry.settlement) return;
    const now = Date.now();
    if (verdict.is === 'settled') {
      if (verdict.reconciled) entry.undelivered = [...entry.undelivered, verdict.reconciled];
      return this.#end(entry, verdict.settlement);
    }
    if (verdict.is === 'missing') entry.missing = oneMoreMissing(entry.missing, now);
    if (verdict.is === 'running') entry.missing = undefined;
    if (isGivenUp(job.createdAt, now, reconcile)) {
      this.#markLost(entry, entry.missing ? 'not_found' : 'unknown_outcome');
      return this.#stopPolling(entry);
    }
    if (verdict.is === 'postponed') return this.#recheckAt(entry, now + verdict.delayMs);
    entry.polls += 1;
    const next = nextPollAt(job, { polls: entry.polls, now }, reconcile);
    if (!entry.missing) return this.#recheckAt(entry, next);
    if (isNotFound(entry.missing, now)) this.#markLost(entry, 'not_found');
    this.#recheckAt(entry, nextPollOfMissing(entry.missing, now, next));
  }

  #markLost(entry: JobRecord, outcome: LostOutcome): void {
    if (entry.lost) return;
    const { settlement, notice } = this.#tracking.lost(entry.job, outcome);
    entry.lost = settlement;
    entry.undelivered = [...entry.undelivered, notice];
    this.#watchers.notify(entry.job.id);
  }

  /** Delivers what polling has found. Before the app has started, its handlers are unknown, but it may wait for jobs. */
  start(): void {
    this.#isStarted = true;
    for (const entry of this.#records.running.values())
      if (entry.undelivered.length > 0) this.#recheckAt(entry, Date.now());
  }

  /** Retries undelivered events until handlers succeed, because no other process would. Events do not wait for each other. */
  async #deliver(entry: JobRecord): Promise<void> {
    if (!this.#isStarted) return;
    const deliver = async (delivery: VerifiedDelivery) => {
      await this.#accept(delivery);
      entry.undelivered = entry.undelivered.filter((one) => one !== delivery);
    };
    for (const one of await Promise.allSettled(entry.undelivered.map(deliver)))
      if (one.status === 'rejected') throw one.reason;
    if (this.#records.hasEnded(entry.job.id)) this.#records.stop(entry);
  }

  close(): void {
    this.#isClosed = true;
    this.#due.close();
  }
}
