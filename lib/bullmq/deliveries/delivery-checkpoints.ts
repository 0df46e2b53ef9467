import { messageOf } from '../../errors.js';
import type { HandlerCheckpoints, HandlerSettlement } from '../../handlers/dispatch.js';
import type { EventHandler } from '../../handlers/event-handler.js';
import type { DeliveryJob } from '../store/inbox-store.js';
import { RetryBudget } from './retry-budget.js';
import type { CompletedHandlers } from './completed-handlers.js';

/** The progress of a delivery job. Bull Board shows it unchanged. */
export interface DeliveryProgress {
  /** Outcome of each completed handler, by name. */
  readonly handlers?: Readonly<Record<string, HandlerSettlement>>;
  /**
   * Names of the handlers that a worker has started, or that the event waits for, and that have not completed. A worker that
   * lacks one must not complete the event. Earlier versions do not write it.
   */
  readonly unfinished?: readonly string[] | undefined;
  /** True if the event was published to every process. */
  readonly announced?: boolean;
  /** When the job began to wait for a handler that only other workers have, Unix milliseconds. */
  readonly waitingSince?: number | undefined;
  /** When Gemini first failed to tell which event type handlers should receive, Unix milliseconds. */
  readonly undecidedSince?: number;
  /** The attempt after which the job failed. A later attempt was started by a person, for example in Bull Board. */
  readonly givenUpAt?: number;
  /** Number of replays "from the start". Absent means 0. */
  readonly generation?: number;
  /** True if an operator discarded the event: its key stays in use, its handlers do not run. */
  readonly discarded?: boolean;
}

export function progressOf({ progress }: { readonly progress: unknown }): DeliveryProgress {
  return typeof progress === 'object' && progress !== null ? progress : {};
}

/** Returns the handlers that succeeded, which no retry runs again. */
export function succeededHandlers({ handlers = {} }: DeliveryProgress): Readonly<Record<string, HandlerSettlement>> {
  return Object.fromEntries(Object.entries(handlers).filter(([, outcome]) => outcome === 'succeeded'));
}

/** Returns the handlers that a retry must run, whether or not its worker knows them. */
export function unfinishedHandlers({ handlers = {}, unfinished = [] }: DeliveryProgress): readonly string[] {
  const failed = Object.keys(handlers).filter((name) => handlers[name] === 'failed');
  return [...new Set([...unfinished.filter((name) => !Object.hasOwn(handlers, name)), ...failed])];
}

/** A handler that an attempt runs. */
type StartedHandler = Pick<EventHandler, 'name' | 'isInternal'>;

type LoadJob = (id: string) => Promise<Pick<DeliveryJob, 'progress'> | undefined>;

/** Options of `DeliveryCheckpoints`. */
export interface CheckpointOptions {
  /** Completed handlers of the event in this process. */
  readonly completed: CompletedHandlers;
  readonly retryBudget: RetryBudget;
  /** Reads the job again. Needed for a handler that completes after its attempt. */
  readonly load?: LoadJob;
  /** Called for each failed write. */
  onFailure(message: string): void;
}

/**
 * The checkpoints of one delivery job. They are stored in its progress, so they survive a killed worker; completing the job
 * stores the success of its only handler. A failed write is retried within the retry budget; until it succeeds, the
 * checkpoint holds in this process. Writes never reject.
 */
export class DeliveryCheckpoints implements HandlerCheckpoints {
  readonly #job: DeliveryJob;
  readonly #options: CheckpointOptions;
  #progress: DeliveryProgress;
  #unwritten = false;
  /** True if a success is recorded by completing the event, or by the next write if the event does not complete. */
  #isDeferred = false;
  /** True if the next write must succeed because the event continues in another process or later. */
  #isRequired = false;
  /** True if the store may have a checkpoint of the event. */
  #isStored: boolean;
  /** This worker's handlers of the event that have not completed, by name. */
  #running: Map<string, StartedHandler> | undefined;
  #write: Promise<void> | undefined;
  #isOver = false;

  constructor(job: DeliveryJob, options: CheckpointOptions) {
    this.#job = job;
    this.#options = options;
    const stored = progressOf(job);
    this.#isStored = Object.keys(stored).length > 0;
    this.#progress = withManualRetry(stored, job);
  }

  get progress(): DeliveryProgress {
    const { handlers } = this.#options.completed;
    if (handlers.size === 0) return this.#progress;
    const { unfinished, ...others } = this.#progress;
    const left = unfinished?.filter((name) => !this.has(name)) ?? [];
    return {
      ...others,
      handlers: { ...others.handlers, ...Object.fromEntries(handlers) },
      ...(left.length > 0 && { unfinished: left }),
    };
  }

  /** Also what another attempt in this process has completed: a handler that was overdue may end during the next attempt. */
  has(handler: string): boolean {
    return this.#options.completed.handlers.has(handler) || Object.hasOwn(this.#progress.handlers ?? {}, handler);
  }

  /**
   * Writes nothing when the event's only handler has completed: the event then completes too, which records the same in one
   * request instead of two. Does not wait for a full store: the event can still complete there, and then needs no checkpoint.
   */
  async settle(handler: string, outcome: HandlerSettlement): Promise<void> {
    const { completed } = this.#options;
    completed.handlers.set(handler, outcome);
    const { load } = this.#options;
    if (this.#isOver && load) return this.#settleLate(handler, outcome, load);
    const isInternal = this.#running?.get(handler)?.isInternal === true;
    this.#running?.delete(handler);
    // A completed event must not keep an outdated checkpoint, which dashboards show.
    const isOnly = this.#running?.size === 0 && !this.#isStored;
    if (this.#isRequired || !(isOnly || isInternal)) return this.#writeNext();
    this.#isDeferred = true;
    completed.unwritten = true;
  }

  /**
   * Notes which handlers are about to run. Until one has completed, no worker may complete the event without it. A handler of
   * the module itself may run again: it only wakes the tracked job.
   */
  begin(handlers: readonly StartedHandler[]): void {
    this.#running = new Map(handlers.flatMap((handler) => (this.has(handler.name) ? [] : [[handler.name, handler]])));
    const own = handlers.flatMap(({ name, isInternal }) => (isInternal ? [] : [name]));
    const unfinished = [...new Set([...this.unfinished, ...own])].filter((name) => !this.has(name));
    if (unfinished.length > 0) this.note({ unfinished });
  }

  /** Records the handlers that the event waits for. No worker may complete it without them after their process has stopped. */
  async waitFor(handlers: readonly string[], waitingSince: number): Promise<void> {
    const { unfinished } = this;
    const unfinishedNow = [...new Set([...unfinished, ...handlers])];
    if (unfinishedNow.length === unfinished.length && this.#progress.waitingSince !== undefined) return;
    await this.update({ waitingSince, unfinished: unfinishedNow });
  }

  /** Call when the attempt has ended. A handler that exceeded its timeout may complete later. */
  end(): void {
    this.#isOver = true;
  }

  /** Keeps what others have written since: another attempt, or an operator who has replayed or discarded the event. */
  async #settleLate(handler: string, outcome: HandlerSettlement, load: LoadJob): Promise<void> {
    const { completed, retryBudget } = this.#options;
    do {
      try {
        const job = await load(this.#job.id ?? '');
        if (!job) return;
        const { unfinished = [], ...current } = progressOf(job);
        // A replay from the start runs the handler again.
        if ((current.generation ?? 0) !== (this.#progress.generation ?? 0)) return;
        const left = unfinished.filter((name) => name !== handler);
        const handlers = { ...current.handlers, [handler]: outcome };
        await this.#job.updateProgress({ ...current, handlers, ...(left.length > 0 && { unfinished: left }) });
        return;
      } catch (error) {
        completed.unwritten = true;
        this.#warn(error);
      }
    } while (await retryBudget.backOff());
  }

  #warn(error: unknown): void {
    this.#options.onFailure(
      `The checkpoint of an event could not be written. Completed handlers are remembered in this process only: ${messageOf(error)}`,
    );
  }

  /** Names of the handlers that started, in any process, or that the event waits for, and that have not completed. */
  get unfinished(): readonly string[] {
    return this.#progress.unfinished?.filter((name) => !this.has(name)) ?? [];
  }

  /** Names of the handlers that failed and must not be retried. */
  get failed(): string[] {
    return Object.entries(this.progress.handlers ?? {}).flatMap(([name, outcome]) =>
      outcome === 'failed' ? [name] : [],
    );
  }

  /** Changes the progress without writing it: the next write includes the change. */
  note(changes: DeliveryProgress): void {
    this.#progress = { ...this.#progress, ...changes };
  }

  update(changes: DeliveryProgress): Promise<void> {
    this.note(changes);
    this.#isRequired = true;
    return this.#writeNext();
  }

  /** Writes unsaved changes before the event continues in another process or later. */
  async flush(): Promise<void> {
    if (this.#unwritten || this.#isDeferred) await this.update({});
  }

  #writeNext(): Promise<void> {
    this.#unwritten = true;
    // One write at a time: the newest progress must arrive last.
    this.#write ??= this.#writeAll().finally(() => (this.#write = undefined));
    return this.#write;
  }

  async #writeAll(): Promise<void> {
    const { completed, retryBudget } = this.#options;
    while (this.#unwritten) {
      this.#unwritten = false;
      this.#isDeferred = false;
      this.#isStored = true;
      try {
        await this.#job.updateProgress(this.progress as object);
        completed.unwritten = this.#isDeferred;
        retryBudget.reset();
      } catch (error) {
        this.#unwritten = true;
        completed.unwritten = true;
        this.#warn(error);
        if (!this.#isRequired && isFull(error)) return;
        if (!(await retryBudget.backOff())) return;
      }
    }
  }
}

/** True if Redis is out of memory. Completing a job needs none, so that still works. */
function isFull(error: unknown): boolean {
  return /\bOOM\b/.test(messageOf(error));
}

/** Clears failed handlers on a manual retry: a dashboard cannot change the progress. */
function withManualRetry(progress: DeliveryProgress, { attemptsMade }: DeliveryJob): DeliveryProgress {
  const { givenUpAt, ...others } = progress;
  if (givenUpAt === undefined || attemptsMade < givenUpAt) return progress;
  const unfinished = unfinishedHandlers(progress);
  return { ...others, handlers: succeededHandlers(progress), ...(unfinished.length > 0 && { unfinished }) };
}
