import { setTimeout as wait } from 'node:timers/promises';
import { GeminiWebhooksError, messageOf } from '../../errors.js';
import { settlesWithin } from '../../shared/timeouts.js';

/** The common interface of BullMQ's queues, workers and relays. */
export interface Connected {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** Options of `Supervised`. */
export interface SupervisedOptions<T extends Connected> {
  make(): Promise<T>;
  /** Called after it has connected, before it counts as ready. */
  onConnected?(made: T): Promise<void>;
  onFailure(message: string): void;
}

const RETRY_MS = 1_000;

/**
 * Creates an object that needs the store, and retries until the store is available: on PostgreSQL, an object that was
 * created during an outage never connects. Once ready, BullMQ reconnects by itself.
 */
export class Supervised<T extends Connected> {
  readonly #options: SupervisedOptions<T>;
  readonly #stopped = new AbortController();
  readonly #stop: Promise<never>;
  #ready: T | undefined;
  #building: Promise<void> | undefined;
  /** Callers that wait for the object for a bounded time. */
  readonly #waiting = new Set<() => void>();

  constructor(options: SupervisedOptions<T>) {
    this.#options = options;
    const { signal } = this.#stopped;
    this.#stop = new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    this.#stop.catch(() => undefined);
  }

  /** The object if it is ready. */
  get current(): T | undefined {
    return this.#ready;
  }

  /** Starts to create the object in the background. */
  start(): void {
    this.#building ??= this.#build().finally(() => {
      for (const done of this.#waiting) done();
    });
  }

  /** Resolves with the object when it is ready, or with `undefined` when it is stopped first. */
  async ready(): Promise<T | undefined> {
    await this.#building;
    return this.#ready;
  }

  /** Resolves with the object when it is ready, or with `undefined` after `timeoutMs` or when it is stopped. */
  async readyWithin(timeoutMs: number): Promise<T | undefined> {
    if (this.#ready || this.#stopped.signal.aborted) return this.#ready;
    await new Promise<void>((resolve) => {
      // Awaiting one shared promise would keep a reaction for each delivery until the store is available.
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
    return this.#ready;
  }

  async #build(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const making = this.#options.make();
      try {
        const made = await this.#unlessStopped(making);
        await this.#unlessStopped(made.waitUntilReady());
        await this.#unlessStopped(this.#options.onConnected?.(made) ?? Promise.resolve());
        this.#ready = made;
        return;
      } catch (error) {
        // Not awaited: an object that cannot connect may never close either.
        making.then((made) => made.close()).catch(() => undefined);
        if (signal.aborted) return;
        this.#options.onFailure(messageOf(error));
        await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #unlessStopped<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#stop]);
  }

  /** Stops and returns the object, which the caller must close. */
  async stop(): Promise<T | undefined> {
    this.#stopped.abort(new Error('closing'));
    await this.#building;
    const made = this.#ready;
    this.#ready = undefined;
    return made;
  }
}

/** Adds an `error` listener, because BullMQ emits outages of the store. Failed requests reject anyway. */
export function withErrorsHandled<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
  object: T,
): T {
  object.on('error', () => undefined);
  return object;
}

/** @throws GeminiWebhooksError `inbox_unavailable` if the object is not ready within `timeoutMs` */
export async function openWithin<T extends Connected>(
  supervised: Supervised<T> | undefined,
  timeoutMs: number,
): Promise<T> {
  const made = supervised?.current ?? (await supervised?.readyWithin(timeoutMs));
  if (made) return made;
  throw new GeminiWebhooksError('inbox_unavailable', 'The store is not available yet.');
}

/** Stops the object and closes it within `timeoutMs`. */
export async function closeWithin(supervised: Supervised<Connected> | undefined, timeoutMs: number): Promise<void> {
  const made = await supervised?.stop();
  if (made) await settlesWithin(made.close(), timeoutMs);
}
