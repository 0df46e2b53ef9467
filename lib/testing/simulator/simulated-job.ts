import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import { GeminiWebhooksError } from '../../errors.js';
import { ApiError, type DynamicWebhook, type JobEnd, type SimulatorContext } from './simulated-api.js';

/** A job waits this long before it runs, or for half of its duration, whichever is less. */
const LONGEST_QUEUE_MS = 1000;

/** How a job of each kind can end. */
const ENDS: Readonly<Record<GeminiResourceKind, readonly JobEnd[]>> = {
  batch: ['succeeded', 'failed', 'expired', 'cancelled'],
  video: ['succeeded', 'failed', 'filtered', 'cancelled'],
  interaction: ['succeeded', 'failed', 'cancelled', 'requires_action', 'incomplete', 'budget_exceeded'],
};

/** What a job is started with. */
export interface NewJob<Request> {
  readonly name: string;
  readonly request: Request;
  readonly webhook: DynamicWebhook | undefined;
  /** Makes the end that the faults say into the one that such a request comes to. */
  readonly plan?: (end: JobEnd) => JobEnd;
}

/** How a job has ended, and with what. */
export interface JobOutcome<Result> {
  readonly end: JobEnd;
  readonly result: Result;
}

/** A job of the simulated API. Times are Unix milliseconds of the simulator's clock. */
export interface SimulatedJob<Request, Result> extends NewJob<Request> {
  /** Its place in the order in which jobs of its kind were started. */
  readonly sequence: number;
  readonly startedAt: number;
  readonly runsAt: number;
  readonly ended: (JobOutcome<Result> & { readonly at: number }) | undefined;
}

/** What makes the jobs of one kind different from those of another. */
export interface JobBehaviour<Request, Result> {
  /** Makes what a job ends with. Never fails: what goes wrong is how the job ends. */
  conclude(job: SimulatedJob<Request, Result>, end: JobEnd): JobOutcome<Result> | Promise<JobOutcome<Result>>;
  /** Emits what Gemini announces of such an end, if it announces it. */
  announce(job: SimulatedJob<Request, Result>, outcome: JobOutcome<Result>): void;
}

interface Entry<Request, Result> extends SimulatedJob<Request, Result> {
  readonly plannedEnd: JobEnd;
  readonly waiting: (() => void)[];
  ended: SimulatedJob<Request, Result>['ended'];
  isEnding: boolean;
}

/** The jobs of one kind: each ends when its time has come on the simulator's clock, or when it is told to. */
export class SimulatedJobs<Request, Result> {
  readonly #context: SimulatorContext;
  readonly #kind: GeminiResourceKind;
  readonly #behaviour: JobBehaviour<Request, Result>;
  readonly #entries = new Map<string, Entry<Request, Result>>();
  #sequence = 0;

  constructor(context: SimulatorContext, kind: GeminiResourceKind, behaviour: JobBehaviour<Request, Result>) {
    this.#context = context;
    this.#kind = kind;
    this.#behaviour = behaviour;
  }

  /** @throws ApiError 400 while metadata is refused @throws GeminiWebhooksError for an end that such a job cannot have */
  start(job: NewJob<Request>): SimulatedJob<Request, Result> {
    this.#context.checkUserMetadata(job.webhook);
    const faultedEnd = this.#context.endOf(this.#kind);
    const plannedEnd = this.#checked(job.plan?.(faultedEnd) ?? faultedEnd);
    const durationMs = this.#context.durationOf(this.#kind);
    const startedAt = this.#context.clock.now();
    const entry: Entry<Request, Result> = {
      ...job,
      plannedEnd,
      sequence: (this.#sequence += 1),
      startedAt,
      runsAt: startedAt + Math.min(durationMs / 2, LONGEST_QUEUE_MS),
      ended: undefined,
      isEnding: false,
      waiting: [],
    };
    this.#entries.set(job.name, entry);
    if (durationMs !== Infinity) this.#context.clock.after(durationMs, () => this.#end(entry, plannedEnd));
    return entry;
  }

  /** Waits for a job whose result is being written. @throws ApiError 404 */
  async get(name: string): Promise<SimulatedJob<Request, Result>> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new ApiError(404, 'NOT_FOUND', `${name} is not found.`);
    if (entry.isEnding) await this.whenEnded(entry);
    return entry;
  }

  /** In the order in which they were started. */
  list(): Iterable<SimulatedJob<Request, Result>> {
    return this.#entries.values();
  }

  /** Forgets a job. It still ends, and says so: that is how Google documents it. @throws ApiError 404 */
  async delete(name: string): Promise<void> {
    await this.get(name);
    this.#entries.delete(name);
  }

  /** Resolves when the job has ended. */
  whenEnded(job: SimulatedJob<Request, Result>): Promise<void> {
    const entry = this.#entries.get(job.name);
    if (entry === undefined || entry.ended !== undefined) return Promise.resolve();
    return new Promise((resolve) => entry.waiting.push(resolve));
  }

  /**
   * Ends a job now.
   *
   * @returns false when there is no such job, or it has ended; a promise while its result is still being written
   * @throws GeminiWebhooksError `invalid_argument` for an end that such a job cannot have
   */
  finish(name: string, end?: JobEnd): boolean | Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.isEnding || entry.ended !== undefined) return false;
    return this.#end(entry, this.#checked(end ?? entry.plannedEnd)) ?? true;
  }

  #end(entry: Entry<Request, Result>, end: JobEnd): Promise<void> | undefined {
    if (entry.isEnding || entry.ended !== undefined) return undefined;
    entry.isEnding = true;
    const concluded = this.#behaviour.conclude(entry, end);
    if (concluded instanceof Promise) return concluded.then((outcome) => this.#settle(entry, outcome));
    this.#settle(entry, concluded);
    return undefined;
  }

  #settle(entry: Entry<Request, Result>, outcome: JobOutcome<Result>): void {
    entry.ended = { ...outcome, at: this.#context.clock.now() };
    entry.isEnding = false;
    for (const resolve of entry.waiting.splice(0)) resolve();
    this.#behaviour.announce(entry, outcome);
  }

  #checked(end: JobEnd): JobEnd {
    if (ENDS[this.#kind].includes(end)) return end;
    throw new GeminiWebhooksError(
      'invalid_argument',
      `a simulated ${this.#kind} cannot end as ${JSON.stringify(end)}: use ${ENDS[this.#kind].join(', ')}`,
    );
  }
}
