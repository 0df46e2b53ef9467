import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import { GeminiWebhooksError } from '../../errors.js';
import type { ApiError, DynamicWebhook, JobEnd, SimulatorContext } from './simulated-api.js';

/** Maximum time that a job stays queued; at most half of its duration. */
const MAX_QUEUE_MS = 1000;

/** Possible ends of jobs by kind. */
const ENDS: Readonly<Record<GeminiResourceKind, readonly JobEnd[]>> = {
  batch: ['succeeded', 'partially_succeeded', 'failed', 'expired', 'cancelled'],
  video: ['succeeded', 'failed', 'filtered', 'cancelled', 'incomplete', 'budget_exceeded'],
  interaction: ['succeeded', 'failed', 'cancelled', 'requires_action', 'incomplete', 'budget_exceeded'],
};

/** Parameters of a new job. */
export interface NewJob<Request> {
  readonly kind: GeminiResourceKind;
  readonly name: string;
  readonly request: Request;
  readonly webhook: DynamicWebhook | undefined;
  /** Returns the end for this request, given the end that the faults require. */
  readonly plan?: (end: JobEnd) => JobEnd;
}

/** End and result of a job. */
export interface JobOutcome<Result> {
  readonly end: JobEnd;
  readonly result: Result;
}

/** Job of the simulated API. Times are Unix milliseconds of the simulator's clock. */
export interface SimulatedJob<Request, Result> extends NewJob<Request> {
  /** Position in the order in which jobs of the resource started. */
  readonly sequence: number;
  readonly startedAt: number;
  readonly runsAt: number;
  /** Status from `setStatus`, which GET returns while the job runs. */
  readonly statusOverride: string | undefined;
  readonly ended: (JobOutcome<Result> & { readonly at: number }) | undefined;
}

/** Behaviour of the jobs of one resource. */
export interface JobBehaviour<Request, Result> {
  /** Creates the outcome of a job. Does not throw: an error becomes the outcome. */
  conclude(job: SimulatedJob<Request, Result>, end: JobEnd): JobOutcome<Result> | Promise<JobOutcome<Result>>;
  /** Publishes the event that Gemini sends for this outcome, if any. */
  publish(job: SimulatedJob<Request, Result>, outcome: JobOutcome<Result>): void;
  /** Returns the error for an unknown or deleted name. */
  unknown(name: string, isDeleted: boolean): ApiError;
}

interface Entry<Request, Result> extends SimulatedJob<Request, Result> {
  readonly plannedEnd: JobEnd;
  readonly waiters: (() => void)[];
  ended: SimulatedJob<Request, Result>['ended'];
  isEnding: boolean;
  statusOverride: string | undefined;
}

/** Jobs of one resource. Each ends at its time on the simulator's clock, or on request. */
export class SimulatedJobs<Request, Result> {
  readonly #context: SimulatorContext;
  readonly #behaviour: JobBehaviour<Request, Result>;
  readonly #entries = new Map<string, Entry<Request, Result>>();
  readonly #deleted = new Set<string>();
  #sequence = 0;

  constructor(context: SimulatorContext, behaviour: JobBehaviour<Request, Result>) {
    this.#context = context;
    this.#behaviour = behaviour;
  }

  /** @throws ApiError 400 while a fault refuses metadata @throws GeminiWebhooksError for an end that the kind does not have */
  start(job: NewJob<Request>): SimulatedJob<Request, Result> {
    this.#context.checkUserMetadata(job.webhook);
    const requestedEnd = this.#context.endOf(job.kind);
    const plannedEnd = validEnd(job.kind, job.plan?.(requestedEnd) ?? requestedEnd);
    const durationMs = this.#context.durationOf(job.kind);
    const startedAt = this.#context.clock.now();
    const entry: Entry<Request, Result> = {
      ...job,
      plannedEnd,
      sequence: (this.#sequence += 1),
      startedAt,
      runsAt: startedAt + Math.min(durationMs / 2, MAX_QUEUE_MS),
      ended: undefined,
      isEnding: false,
      statusOverride: undefined,
      waiters: [],
    };
    this.#entries.set(job.name, entry);
    if (durationMs !== Infinity) this.#context.clock.after(durationMs, () => this.#end(entry, plannedEnd));
    return entry;
  }

  /** Returns a job, after its result is written. @throws ApiError for an unknown name */
  async get(name: string): Promise<SimulatedJob<Request, Result>> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#behaviour.unknown(name, this.#deleted.has(name));
    if (entry.isEnding) await this.untilEnded(entry);
    return entry;
  }

  /** Returns all jobs in the order in which they started. */
  list(): Iterable<SimulatedJob<Request, Result>> {
    return this.#entries.values();
  }

  /** Deletes a job. It still ends and publishes its event, as Google documents. @throws ApiError */
  async delete(name: string): Promise<void> {
    await this.get(name);
    this.#entries.delete(name);
    this.#deleted.add(name);
  }

  /** Removes a job that Gemini does not store. */
  forget(name: string): void {
    this.#entries.delete(name);
  }

  /**
   * Makes GET return that status while the job runs; `undefined` restores the real one.
   *
   * @returns false if the job is unknown or has ended
   */
  setStatus(name: string, status: string | undefined): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.ended !== undefined) return false;
    entry.statusOverride = status;
    return true;
  }

  /** Resolves when the job has ended. */
  untilEnded(job: SimulatedJob<Request, Result>): Promise<void> {
    const entry = this.#entries.get(job.name);
    if (entry === undefined || entry.ended !== undefined) return Promise.resolve();
    return new Promise((resolve) => entry.waiters.push(resolve));
  }

  /**
   * Ends a job now.
   *
   * @returns false if the job is unknown or has ended; a promise while its result is still being written
   * @throws GeminiWebhooksError `invalid_argument` for an end that the kind does not have
   */
  finish(name: string, end?: JobEnd): boolean | Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.isEnding || entry.ended !== undefined) return false;
    return this.#end(entry, validEnd(entry.kind, end ?? entry.plannedEnd)) ?? true;
  }

  #end(entry: Entry<Request, Result>, end: JobEnd): Promise<void> | undefined {
    if (entry.isEnding || entry.ended !== undefined) return undefined;
    entry.isEnding = true;
    const outcome = this.#behaviour.conclude(entry, end);
    if (outcome instanceof Promise) return outcome.then((written) => this.#complete(entry, written));
    this.#complete(entry, outcome);
    return undefined;
  }

  #complete(entry: Entry<Request, Result>, outcome: JobOutcome<Result>): void {
    entry.ended = { ...outcome, at: this.#context.clock.now() };
    entry.isEnding = false;
    for (const resolve of entry.waiters.splice(0)) resolve();
    this.#behaviour.publish(entry, outcome);
  }
}

function validEnd(kind: GeminiResourceKind, end: JobEnd): JobEnd {
  if (ENDS[kind].includes(end)) return end;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `a simulated ${kind} cannot end as ${JSON.stringify(end)}: use ${ENDS[kind].join(', ')}`,
  );
}
