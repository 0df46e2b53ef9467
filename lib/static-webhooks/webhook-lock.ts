/** Runs the work while it holds the lock of that name, which all processes on the same store share. */
export type DistributedLock = <Result>(
  name: string,
  work: (held: AbortSignal) => Promise<Result>,
  options: { readonly waitMs: number; readonly outageMs?: number },
) => Promise<Result>;

/** The lock that running work holds. */
export interface HeldLock {
  /** True if the lock excludes other processes, false if only this one. */
  readonly isDistributed: boolean;
  /** @throws the reason when the lock is lost */
  check(): void;
}

/** How to wait for a lock. */
export interface LockWait {
  /** True to wait also while the store does not answer: it may start together with the app. */
  readonly isPatient?: boolean;
}

const LOCK_WAIT_MS = 60_000;
/** Time without an answer of the store after which a call gives up, in milliseconds. */
const OUTAGE_MS = 5_000;

/** One lock for each static webhook: distributed if the inbox has locks, otherwise within this process. */
export class WebhookLock {
  readonly #lock: DistributedLock | undefined;
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(lock: DistributedLock | undefined) {
    this.#lock = lock;
  }

  /**
   * Runs the work while it holds the webhook's lock.
   *
   * @throws GeminiWebhooksError `inbox_unavailable` when the distributed lock cannot be acquired within a minute, or the store
   *   does not answer for some seconds
   */
  run<Result>(
    webhook: string,
    work: (lock: HeldLock) => Promise<Result>,
    { isPatient = false }: LockWait = {},
  ): Promise<Result> {
    if (this.#lock) {
      const locked = (held: AbortSignal) => work({ isDistributed: true, check: () => held.throwIfAborted() });
      return this.#lock(`endpoint:${webhook}`, locked, {
        waitMs: LOCK_WAIT_MS,
        outageMs: isPatient ? LOCK_WAIT_MS : OUTAGE_MS,
      });
    }
    const previous = this.#last.get(webhook) ?? Promise.resolve();
    const result = previous.then(() => work({ isDistributed: false, check: () => undefined }));
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(webhook, settled);
    return result;
  }
}
