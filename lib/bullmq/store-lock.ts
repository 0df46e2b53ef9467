import { setTimeout as wait } from 'node:timers/promises';
import { GeminiWebhooksError } from '../errors.js';
import { settlesWithin } from '../with-timeout.js';

/** For how long a store keeps a lock for a process of which it hears nothing, in milliseconds. */
export const LOCK_LEASE_MS = 10_000;

const POLL_MS = { least: 30, most: 120 } as const;
const CLOSE_TIMEOUT_MS = 2_000;

/** One contender for one lock, with a connection of its own. Each call is bounded in time. */
export interface LockContender {
  /**
   * Whether the lock is its own now. Safe to ask again after a rejection, when the store may have given it.
   *
   * @throws what the store or the way to it has
   */
  take(): Promise<boolean>;
  /**
   * Tells the store that this process lives.
   *
   * @returns `false` when the lock is not its own any more
   */
  renew(): Promise<boolean>;
  /** Gives the lock back, where it has it, and closes the connection. Never rejects. */
  release(): Promise<void>;
}

/** @param lost to be called when the lock is gone before anybody asks */
export type LockContenderFactory = (name: string, lost: () => void) => LockContender;

/** The locks of the processes on one store: of those that share a name, one works at a time. */
export class StoreLock {
  readonly #contend: LockContenderFactory;
  readonly #leaseMs: number;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(contend: LockContenderFactory, { leaseMs = LOCK_LEASE_MS }: { readonly leaseMs?: number } = {}) {
    this.#contend = contend;
    this.#leaseMs = leaseMs;
  }

  /**
   * Runs the work once the lock is had. `held` aborts when it is lost, and on `close`.
   *
   * @throws GeminiWebhooksError `inbox_unavailable` when it is not to be had within `waitMs`; else what the work throws
   */
  run<Result>(
    name: string,
    work: (held: AbortSignal) => Promise<Result>,
    { waitMs }: { readonly waitMs: number },
  ): Promise<Result> {
    const run = this.#run(name, work, waitMs);
    this.#running.add(run);
    const forget = () => this.#running.delete(run);
    run.then(forget, forget);
    return run;
  }

  /** Waits for no lock any more, aborts what runs under one and gives that a moment to end. */
  async close(): Promise<void> {
    this.#closing.abort(shuttingDown());
    await settlesWithin(Promise.allSettled(this.#running), CLOSE_TIMEOUT_MS);
  }

  async #run<Result>(name: string, work: (held: AbortSignal) => Promise<Result>, waitMs: number): Promise<Result> {
    if (this.#closing.signal.aborted) throw shuttingDown();
    const loss = new AbortController();
    const lose = () => loss.abort(new GeminiWebhooksError('inbox_unavailable', `The lock "${name}" was lost.`));
    const contender = this.#contend(name, lose);
    try {
      await this.#take(contender, name, waitMs);
      return await this.#hold(contender, work, loss.signal, lose);
    } finally {
      await contender.release();
    }
  }

  async #take(contender: LockContender, name: string, waitMs: number): Promise<void> {
    const { signal } = this.#closing;
    const deadline = performance.now() + waitMs;
    for (;;) {
      let cause: unknown;
      try {
        if (await contender.take()) return;
      } catch (error) {
        cause = error;
      }
      if (signal.aborted) throw shuttingDown();
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw notToBeHad(name, waitMs, cause);
      // Jitter: those that wait for the same lock do not come all at once.
      const pauseMs = POLL_MS.least + Math.random() * (POLL_MS.most - POLL_MS.least);
      await wait(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined);
    }
  }

  async #hold<Result>(
    contender: LockContender,
    work: (held: AbortSignal) => Promise<Result>,
    loss: AbortSignal,
    lose: () => void,
  ): Promise<Result> {
    // Ends before the store's own lease does, which began when the store was asked.
    const lapse = setTimeout(lose, this.#leaseMs * 0.7);
    const renewal = setInterval(async () => {
      const isOwn = await contender.renew().catch(() => undefined);
      if (isOwn === true) lapse.refresh();
      if (isOwn === false) lose();
    }, this.#leaseMs / 4);
    try {
      return await work(AbortSignal.any([loss, this.#closing.signal]));
    } finally {
      clearInterval(renewal);
      clearTimeout(lapse);
    }
  }
}

function notToBeHad(name: string, waitMs: number, cause: unknown): GeminiWebhooksError {
  return cause === undefined
    ? new GeminiWebhooksError('inbox_unavailable', `Another process has had the lock "${name}" for ${waitMs} ms.`)
    : new GeminiWebhooksError('inbox_unavailable', `The store could not be asked for the lock "${name}".`, { cause });
}

function shuttingDown(): GeminiWebhooksError {
  return new GeminiWebhooksError('inbox_unavailable', 'The app is shutting down.');
}
