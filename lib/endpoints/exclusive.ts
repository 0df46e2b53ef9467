/** Runs the work while no other process of the fleet runs work of that name. */
export type FleetLock = <Result>(
  name: string,
  work: (held: AbortSignal) => Promise<Result>,
  options: { readonly waitMs: number },
) => Promise<Result>;

/** Whether what runs is the only one of the fleet, and what tells when it is not any more. */
export interface Hold {
  readonly isExclusive: boolean;
  /** @throws the reason when the lock is lost */
  check(): void;
}

const LOCK_WAIT_MS = 60_000;

/** One at a time for each endpoint: in the fleet where there is a lock, else in this process. */
export class Exclusive {
  readonly #lock: FleetLock | undefined;
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(lock: FleetLock | undefined) {
    this.#lock = lock;
  }

  /** @throws GeminiWebhooksError `inbox_unavailable` when the fleet's lock is not to be had within a minute */
  run<Result>(endpoint: string, work: (hold: Hold) => Promise<Result>): Promise<Result> {
    if (this.#lock) {
      const held = (signal: AbortSignal) => work({ isExclusive: true, check: () => signal.throwIfAborted() });
      return this.#lock(`endpoint:${endpoint}`, held, { waitMs: LOCK_WAIT_MS });
    }
    const before = this.#last.get(endpoint) ?? Promise.resolve();
    const mine = before.then(() => work({ isExclusive: false, check: () => undefined }));
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(endpoint, settled);
    return mine;
  }
}
