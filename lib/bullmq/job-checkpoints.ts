import type { HandlerCheckpoints, HandlerSettlement } from '../handlers/dispatch.js';
import type { DeliveryJob } from './inbox-store.js';

/** What a job's progress holds: Bull Board shows it as it is. */
export interface DeliveryProgress {
  /** How each handler that has settled ended, by name. */
  readonly handlers?: Readonly<Record<string, HandlerSettlement>>;
  /** Whether every process has heard of the event. */
  readonly announced?: boolean;
  /** Since when the job waits for a handler that only another worker has, Unix milliseconds. */
  readonly waitingSince?: number | undefined;
  /** The attempt that failed the job for good: a later one is a person's, such as Bull Board's retry. */
  readonly givenUpAt?: number;
  /** Whether a person has discarded the event: its key stays taken, its handlers do not run. */
  readonly discarded?: boolean;
}

export function progressOf({ progress }: { readonly progress: unknown }): DeliveryProgress {
  return typeof progress === 'object' && progress !== null ? progress : {};
}

/** The handlers that need not run again, whoever tries the event again. */
export function succeededOf({ handlers = {} }: DeliveryProgress): Readonly<Record<string, HandlerSettlement>> {
  return Object.fromEntries(Object.entries(handlers).filter(([, how]) => how === 'succeeded'));
}

/** The checkpoints of one job, kept in its progress before the job completes: they survive a killed worker. */
export class JobCheckpoints implements HandlerCheckpoints {
  readonly #job: DeliveryJob;
  #progress: DeliveryProgress;
  #unwritten = false;
  #writing: Promise<void> | undefined;

  constructor(job: DeliveryJob) {
    this.#job = job;
    this.#progress = taken(progressOf(job), job);
  }

  get progress(): DeliveryProgress {
    return this.#progress;
  }

  has(handler: string): boolean {
    return Object.hasOwn(this.#progress.handlers ?? {}, handler);
  }

  settle(handler: string, how: HandlerSettlement): Promise<void> {
    return this.update({ handlers: { ...this.#progress.handlers, [handler]: how } });
  }

  /** Names of the handlers that failed for good. */
  get failed(): string[] {
    return Object.entries(this.#progress.handlers ?? {}).flatMap(([name, how]) => (how === 'failed' ? [name] : []));
  }

  /** Changes without a write of their own go with the next one. */
  note(changes: DeliveryProgress): void {
    this.#progress = { ...this.#progress, ...changes };
  }

  update(changes: DeliveryProgress): Promise<void> {
    this.note(changes);
    this.#unwritten = true;
    // One write at a time: the last one there must be the newest.
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#unwritten) {
      this.#unwritten = false;
      await this.#job.updateProgress(this.#progress as object);
    }
  }
}

/** Who retries a job from a dashboard wants what failed for good tried again, and cannot change the progress. */
function taken(progress: DeliveryProgress, { attemptsMade }: DeliveryJob): DeliveryProgress {
  const { givenUpAt, ...others } = progress;
  if (givenUpAt === undefined || attemptsMade < givenUpAt) return progress;
  return { ...others, handlers: succeededOf(progress) };
}
