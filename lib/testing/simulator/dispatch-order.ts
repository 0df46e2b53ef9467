import type { SimulatorClock } from './simulated-api.js';
import type { PendingWork } from './pending-work.js';

/** Maximum time to hold an event back while no later one is sent. */
const MAX_HOLD_MS = 1000;

/** Sends events at once, delayed, or after a later event. */
export class DispatchOrder {
  readonly #clock: SimulatorClock;
  readonly #pendingWork: PendingWork;
  #held: (() => void) | undefined;

  constructor(clock: SimulatorClock, pendingWork: PendingWork) {
    this.#clock = clock;
    this.#pendingWork = pendingWork;
  }

  /** Resolves when the event has been sent, or at once if a fault delays it. */
  async dispatch(
    send: () => Promise<void>,
    { delayMs, isReordered }: { readonly delayMs: number; readonly isReordered: boolean },
  ): Promise<void> {
    if (delayMs > 0) {
      this.#clock.after(delayMs, () => void this.dispatch(send, { delayMs: 0, isReordered }));
    } else if (isReordered && this.#held === undefined) {
      this.#hold(send);
    } else {
      const sent = send().then(() => this.#held?.());
      this.#pendingWork.track(sent);
      await sent;
    }
  }

  #hold(send: () => Promise<void>): void {
    const release = () => {
      cancel();
      this.#held = undefined;
      this.#pendingWork.track(send());
    };
    const cancel = this.#clock.after(MAX_HOLD_MS, release);
    this.#held = release;
  }
}
