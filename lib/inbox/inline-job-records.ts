import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { BoundedCache } from '../shared/bounded-cache.js';
import { idOfName, type JobRef, type JobSettlement, type TrackedJob } from './job-tracker.js';
import type { MissingAnswers } from './not-found-answers.js';

/** What the inline inbox knows of a job. */
export interface JobRecord {
  job: TrackedJob;
  polls: number;
  failures: number;
  dueAt: number;
  missing?: MissingAnswers | undefined;
  settlement?: JobSettlement;
  /** Outcome until an event or a poll brings a better one. */
  lost?: JobSettlement;
  /** Events that polling found and that not all handlers have handled. */
  undelivered: readonly VerifiedDelivery[];
  /** `idOfName` of each name that the job is found by. */
  names: readonly string[];
}

/** Creates the record of a job that is not polled yet. */
export function newRecord(job: TrackedJob): JobRecord {
  return { job, polls: 0, failures: 0, dueAt: Infinity, undelivered: [], names: [] };
}

/** The records of one process's jobs: of running ones, and for a time of ended ones. A job's names live as long as its record. */
export class InlineJobRecords {
  readonly #running = new Map<string, JobRecord>();
  readonly #ended: BoundedCache<JobRecord>;
  /** Id of a job by its `idOfName`. */
  readonly #ids = new Map<string, string>();

  constructor({ maxEntries, retentionMs }: { readonly maxEntries: number; readonly retentionMs: number }) {
    const dispose = (record: JobRecord) => this.#forgetNames(record);
    this.#ended = new BoundedCache({ max: maxEntries, ttl: retentionMs, dispose });
  }

  get running(): ReadonlyMap<string, JobRecord> {
    return this.#running;
  }

  get(id: string): JobRecord | undefined {
    return this.#running.get(id) ?? this.#ended.get(id);
  }

  find(ref: JobRef): JobRecord | undefined {
    if ('id' in ref) return this.get(ref.id);
    const name = idOfName(ref);
    return this.get(this.#ids.get(name) ?? name);
  }

  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  addRunning(record: JobRecord): void {
    this.#running.set(record.job.id, record);
  }

  /** Keeps the record for the retention from now on. */
  addEnded(record: JobRecord): void {
    this.#ended.set(record.job.id, record);
  }

  /** Removes a job from the running ones. */
  stop(record: JobRecord): void {
    const { id } = record.job;
    this.#running.delete(id);
    if (!this.#ended.has(id)) this.#forgetNames(record);
  }

  remove(id: string): void {
    const record = this.get(id);
    this.#running.delete(id);
    this.#ended.delete(id);
    if (record) this.#forgetNames(record);
  }

  /** Finds a job by this name, too, while it has a record. */
  addName(record: JobRecord, name: string): void {
    const { id, kind, params } = record.job;
    const alias = idOfName({ kind, name, params });
    this.#ids.set(alias, id);
    if (!record.names.includes(alias)) record.names = [...record.names, alias];
  }

  #forgetNames({ job: { id }, names }: JobRecord): void {
    if (this.#running.has(id)) return;
    // A later job may have the name.
    for (const name of names) if (this.#ids.get(name) === id) this.#ids.delete(name);
  }
}
