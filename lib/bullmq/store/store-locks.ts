import { setTimeout as wait } from 'node:timers/promises';
import { GeminiWebhooksError } from '../../errors.js';
import { settlesWithin } from '../../shared/timeouts.js';

/** How long a process holds a lock without renewing it, in milliseconds. */
export const LOCK_LEASE_MS = 10_000;

const POLL_MS = { min: 30, max: 120 } as const;
const CLOSE_TIMEOUT_MS = 2_000;

/** Acquires and holds one lock on its own connection. Every call is bounded in time. */
export interface LockHandle {
  /**
   * Resolves with `true` if it holds the lock now. Safe to retry after a rejection, when the outcome is unknown.
   *
   * @throws the error of the store or its connection
   */
  tryAcquire(): Promise<boolean>;
  /**
   * Extends the lease.
   *
   * @returns `false` if the lock was lost
   */
  renew(): Promise<boolean>;
  /** Releases the lock if it holds it, and closes the connection. Never rejects. */
  release(): Promise<void>;
}

/** How long a caller waits for a lock, in milliseconds. */
export interface LockWait {
  /** While another process holds it. */
  readonly waitMs: number;
  /**
   * While the store does not answer.
   * @default waitMs
   */
  readonly outageMs?: number;
}

/** @param onLost called if the lock is lost between two renewals */
export type LockHandleFactory = (name: string, onLost: () => void) => LockHandle;

/** Named locks of the processes on one store. One process at a time holds a lock. */
export class StoreLocks {
  readonly #newHandle: LockHandleFactory;
  readonly #leaseMs: number;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(newHandle: LockHandleFactory, { leaseMs = LOCK_LEASE_MS }: { readonly leaseMs?: number } = {}) {
    this.#newHandle = newHandle;
    this.#leaseMs = leaseMs;
  }

  /**
   * Runs the work once the lock is acquired. The work's signal aborts when the lock is lost, and on `close`.
   *
   * @throws GeminiWebhooksError `inbox_unavailable` if the lock cannot be acquired in that time; otherwise the error of the
   * work
   */
  run<Result>(name: string, work: (signal: AbortSignal) => Promise<Result>, limits: LockWait): Promise<Result> {
    const run = this.#run(name, work, limits);
    this.#running.add(run);
    const forget = () => this.#running.delete(run);
    run.then(forget, forget);
    return run;
  }

  /** Stops waiting for locks, aborts the work that holds one, and waits briefly until it has ended. */
  async close(): Promise<void> {
    this.#closing.abort(shuttingDown());
    await settlesWithin(Promise.allSettled(this.#running), CLOSE_TIMEOUT_MS);
  }

  async #run<Result>(name: string, work: (signal: AbortSignal) => Promise<Result>, limits: LockWait): Promise<Result> {
    if (this.#closing.signal.aborted) throw shuttingDown();
    const loss = new AbortController();
    const lose = () => loss.abort(new GeminiWebhooksError('inbox_unavailable', `The lock "${name}" was lost.`));
    const handle = this.#newHandle(name, lose);
    try {
      await this.#acquire(handle, name, limits);
      return await this.#runHolding(handle, work, loss.signal, lose);
    } finally {
      await handle.release();
    }
  }

  async #acquire(handle: LockHandle, name: string, { waitMs, outageMs = waitMs }: LockWait): Promise<void> {
    const { signal } = this.#closing;
    const deadline = performance.now() + waitMs;
    let answeredAt = performance.now();
    for (;;) {
      let cause: unknown;
      try {
        if (await handle.tryAcquire()) return;
        answeredAt = performance.now();
      } catch (error) {
        cause = error;
      }
      if (signal.aborted) throw shuttingDown();
      const leftMs = Math.min(deadline, cause === undefined ? deadline : answeredAt + outageMs) - performance.now();
      if (leftMs <= 0) throw notAcquired(name, waitMs, cause);
      // Jitter: processes that wait for the same lock must not retry in step.
      const pauseMs = POLL_MS.min + Math.random() * (POLL_MS.max - POLL_MS.min);
      await wait(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined);
    }
  }

  async #runHolding<Result>(
    handle: LockHandle,
    work: (signal: AbortSignal) => Promise<Result>,
    loss: AbortSignal,
    lose: () => void,
  ): Promise<Result> {
    // Expires before the lease in the store, which started when the request was sent.
    const expiry = setTimeout(lose, this.#leaseMs * 0.7);
    const renewal = setInterval(async () => {
      const isHeld = await handle.renew().catch(() => undefined);
      if (isHeld === true) expiry.refresh();
      if (isHeld === false) lose();
    }, this.#leaseMs / 4);
    try {
      return await work(AbortSignal.any([loss, this.#closing.signal]));
    } finally {
      clearInterval(renewal);
      clearTimeout(expiry);
    }
  }
}

function notAcquired(name: string, waitMs: number, cause: unknown): GeminiWebhooksError {
  return cause === undefined
    ? new GeminiWebhooksError('inbox_unavailable', `Another process held the lock "${name}" for ${waitMs} ms.`)
    : new GeminiWebhooksError('inbox_unavailable', `The lock "${name}" could not be requested from the store.`, {
        cause,
      });
}

function shuttingDown(): GeminiWebhooksError {
  return new GeminiWebhooksError('inbox_unavailable', 'The app is shutting down.');
}
