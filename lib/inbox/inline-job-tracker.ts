import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Heap } from 'heap-js';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { jobIdInKey } from '../events/event-key.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { isGivenUp, nextCheckAt } from './check-schedule.js';
import {
  idOfName,
  type JobRef,
  type JobSettlement,
  type JobTracker,
  type JobTracking,
  type TrackedJob,
} from './job-tracker.js';

const CHECKS_AT_ONCE = 4;
const RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 3_600_000;
/** The longest that a timer of Node's takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Entry {
  job: TrackedJob;
  lookups: number;
  failures: number;
  dueAt: number;
  settlement?: JobSettlement;
  /** What a look-up found and the handlers have not all taken. */
  undelivered?: VerifiedDelivery | undefined;
}

/**
 * The jobs of one process, in its memory: bounded, and gone when it ends. One timer for all of them.
 */
export class InlineJobTracker implements JobTracker {
  readonly #tracking: JobTracking;
  readonly #accept: (delivery: VerifiedDelivery) => Promise<unknown>;
  readonly #maxEntries: number;
  readonly #running = new Map<string, Entry>();
  readonly #settled: LRUCache<string, Entry>;
  /** Id of a job by the id that it would have if only its name were known. */
  readonly #aliases: LRUCache<string, string>;
  readonly #due = new Heap<{ readonly id: string; readonly at: number }>((a, b) => a.at - b.at);
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #logger = new Logger('GeminiWebhooks');
  #timer: NodeJS.Timeout | undefined;
  #checking = 0;
  #closed = false;

  constructor(
    tracking: JobTracking,
    accept: (delivery: VerifiedDelivery) => Promise<unknown>,
    { maxEntries, retentionMs }: { readonly maxEntries: number; readonly retentionMs: number },
  ) {
    this.#tracking = tracking;
    this.#accept = accept;
    this.#maxEntries = maxEntries;
    this.#settled = new LRUCache({ max: maxEntries, ttl: retentionMs });
    this.#aliases = new LRUCache({ max: 2 * maxEntries, ttl: retentionMs, updateAgeOnGet: true });
  }

  /** @throws GeminiWebhooksError `inbox_unavailable` when as many jobs as the inline inbox holds are under way */
  async add(job: TrackedJob): Promise<void> {
    if (this.#entry(job.id)) return;
    if (this.#running.size >= this.#maxEntries) {
      throw new GeminiWebhooksError(
        'inbox_unavailable',
        `${this.#running.size} jobs are under way, which is all that the inline inbox tracks. bullmqInbox tracks more.`,
      );
    }
    const dueAt = nextCheckAt({ createdAt: job.createdAt, lookups: 0, now: Date.now() }, this.#tracking.reconcile);
    this.#running.set(job.id, { job, lookups: 0, failures: 0, dueAt });
    if (job.name !== undefined) this.#alias(job, job.name);
    this.#schedule(job.id, dueAt);
  }

  async rename(id: string, name: string): Promise<void> {
    const entry = this.#entry(id);
    if (!entry) return;
    const { kind, params } = entry.job;
    const remembered = this.#find({ kind, name, params });
    entry.job = { ...entry.job, name };
    this.#alias(entry.job, name);
    // The event of an unbound job may have come before its name was known.
    if (remembered?.settlement) this.#settle(entry, remembered.settlement);
  }

  #alias({ id, kind, params }: TrackedJob, name: string): void {
    this.#aliases.set(idOfName({ kind, name, params }), id);
  }

  async remove(id: string): Promise<void> {
    this.#running.delete(id);
  }

  async find(ref: JobRef): Promise<TrackedJob | undefined> {
    return this.#find(ref)?.job;
  }

  #find(ref: JobRef): Entry | undefined {
    if ('id' in ref) return this.#entry(ref.id);
    const name = idOfName(ref);
    return this.#entry(this.#aliases.get(name) ?? name);
  }

  #entry(id: string): Entry | undefined {
    return this.#running.get(id) ?? this.#settled.get(id);
  }

  async notice(event: GeminiEvent): Promise<void> {
    const entry = this.#ofEvent(event);
    if (!entry || entry.settlement) return;
    if (entry.job.name === undefined && event.resource) await this.rename(entry.job.id, event.resource.name);
    const verdict = await this.#tracking.check(entry.job, event);
    if (verdict.is === 'settled') this.#settle(entry, verdict.settlement);
    else if (verdict.is === 'postponed') throw new Error('Gemini could not be asked whether the job has ended');
  }

  /** The job that the event is about. One that nobody tracks yet is remembered: somebody may ask for it afterwards. */
  #ofEvent({ delivery, resource }: GeminiEvent): Entry | undefined {
    const id = jobIdInKey(delivery.key);
    const known = id === undefined ? undefined : this.#entry(id);
    if (known || !resource) return known;
    const { params } = delivery;
    const { kind, name } = resource;
    const byName = this.#find({ kind, name, params });
    if (byName) return byName;
    const job: TrackedJob = {
      id: id ?? idOfName({ kind, name, params }),
      kind,
      name,
      params,
      bound: id !== undefined,
      createdAt: Date.now(),
    };
    this.#alias(job, name);
    return { job, lookups: 0, failures: 0, dueAt: Infinity };
  }

  async settlement(id: string): Promise<JobSettlement | undefined> {
    return this.#entry(id)?.settlement;
  }

  watch(id: string, changed: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(changed));
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id);
    };
  }

  #settle(entry: Entry, settlement: JobSettlement): void {
    if (entry.settlement) return;
    const { id } = entry.job;
    entry.settlement = settlement;
    this.#settled.set(id, entry);
    if (!entry.undelivered) this.#running.delete(id);
    for (const changed of this.#watchers.get(id) ?? []) changed();
  }

  #schedule(id: string, at: number): void {
    if (this.#due.peek() === undefined || at < this.#due.peek()!.at) this.#arm(at);
    this.#due.push({ id, at });
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#pump(), Math.min(Math.max(at - Date.now(), 0), LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  /** Checks what is due, a few at a time. */
  #pump(): void {
    const now = Date.now();
    for (let next = this.#due.peek(); next && next.at <= now && this.#checking < CHECKS_AT_ONCE;) {
      this.#due.pop();
      const entry = this.#running.get(next.id);
      // A job that was settled or rescheduled leaves an item behind.
      if (entry && entry.dueAt === next.at) void this.#work(entry);
      next = this.#due.peek();
    }
    const next = this.#due.peek();
    if (next && this.#checking < CHECKS_AT_ONCE) this.#arm(next.at);
  }

  async #work(entry: Entry): Promise<void> {
    this.#checking += 1;
    entry.dueAt = Infinity;
    try {
      const delayMs = await (entry.undelivered ? this.#deliver(entry, entry.undelivered) : this.#check(entry));
      if (delayMs !== undefined) this.#again(entry, Date.now() + delayMs);
    } catch (error) {
      entry.failures += 1;
      const delayMs = Math.min(RETRY_MS * 2 ** (entry.failures - 1), LONGEST_RETRY_MS);
      this.#logger.warn(`The job ${entry.job.id} could not be checked, again in ${delayMs} ms: ${messageOf(error)}`);
      this.#again(entry, Date.now() + delayMs);
    } finally {
      this.#checking -= 1;
      if (!this.#closed) this.#pump();
    }
  }

  #again(entry: Entry, at: number): void {
    entry.dueAt = Math.round(at);
    this.#schedule(entry.job.id, entry.dueAt);
  }

  /** Resolves with when to come again, in milliseconds; never, once the job has ended. */
  async #check(entry: Entry): Promise<number | undefined> {
    const { reconcile } = this.#tracking;
    const { createdAt } = entry.job;
    if (isGivenUp(createdAt, Date.now(), reconcile)) {
      this.#settle(entry, { outcome: 'unknown_outcome' });
      return undefined;
    }
    const verdict = await this.#tracking.check(entry.job, undefined);
    if (entry.settlement) return undefined;
    if (verdict.is === 'postponed') return verdict.delayMs;
    entry.failures = 0;
    if (verdict.is === 'running') {
      entry.lookups += 1;
      const now = Date.now();
      return nextCheckAt({ createdAt, lookups: entry.lookups, now }, reconcile) - now;
    }
    entry.undelivered = verdict.reconciled;
    this.#settle(entry, verdict.settlement);
    return verdict.reconciled && this.#deliver(entry, verdict.reconciled);
  }

  /** Nobody else would deliver it again: what handlers have not taken is tried until they have. */
  async #deliver(entry: Entry, delivery: VerifiedDelivery): Promise<undefined> {
    await this.#accept(delivery);
    entry.undelivered = undefined;
    this.#running.delete(entry.job.id);
    return undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
