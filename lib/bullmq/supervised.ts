import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../errors.js';

/** What BullMQ's classes have in common. */
export interface Connected {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** How a supervised object comes about. */
export interface Supervision<T extends Connected> {
  make(): Promise<T>;
  /** What is left to do once it is connected. */
  introduce?(made: T): Promise<void>;
  onFailure(message: string): void;
}

const RETRY_MS = 1_000;

/**
 * Builds an object that needs the store, and builds it again until the store is there: on PostgreSQL one that was made
 * while the store was down is dead for ever. Once ready, BullMQ reconnects by itself.
 */
export class Supervised<T extends Connected> {
  readonly #how: Supervision<T>;
  readonly #stopped = new AbortController();
  readonly #stop: Promise<never>;
  #ready: T | undefined;
  #building: Promise<void> | undefined;

  constructor(how: Supervision<T>) {
    this.#how = how;
    const { signal } = this.#stopped;
    this.#stop = new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    this.#stop.catch(() => undefined);
  }

  /** The object, once it is ready. */
  get current(): T | undefined {
    return this.#ready;
  }

  /** Begins to build, in the background. */
  start(): void {
    this.#building ??= this.#build();
  }

  /** Resolves with the object when it is ready, or with nothing when it will not be any more. */
  async ready(): Promise<T | undefined> {
    await this.#building;
    return this.#ready;
  }

  async #build(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const making = this.#how.make();
      try {
        const made = await this.#unlessStopped(making);
        await this.#unlessStopped(made.waitUntilReady());
        await this.#unlessStopped(this.#how.introduce?.(made) ?? Promise.resolve());
        this.#ready = made;
        return;
      } catch (error) {
        // Not awaited: what cannot connect may not be able to close either.
        making.then((made) => made.close()).catch(() => undefined);
        if (signal.aborted) return;
        this.#how.onFailure(messageOf(error));
        await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #unlessStopped<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#stop]);
  }

  /** Stops building. What was built is for the caller to close. */
  async stop(): Promise<T | undefined> {
    this.#stopped.abort(new Error('closing'));
    await this.#building;
    const made = this.#ready;
    this.#ready = undefined;
    return made;
  }
}

/** BullMQ tells of the store's outages by events, which need a listener; requests that fail say so themselves. */
export function withErrorsHandled<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
  object: T,
): T {
  object.on('error', () => undefined);
  return object;
}
