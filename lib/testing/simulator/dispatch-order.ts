import type { SimulatorClock } from './simulated-api.js';
import type { Underway } from './underway.js';

/** An event that is held back goes out then even if no other has. */
const LONGEST_HOLD_MS = 1000;

/** When events go out: at once, later, or after one that came later. */
export class DispatchOrder {
  readonly #clock: SimulatorClock;
  readonly #underway: Underway;
  #held: (() => void) | undefined;

  constructor(clock: SimulatorClock, underway: Underway) {
    this.#clock = clock;
    this.#underway = underway;
  }

  dispatch(send: () => Promise<void>, { delayMs, isReordered }: { delayMs: number; isReordered: boolean }): void {
    if (delayMs > 0) this.#clock.after(delayMs, () => this.dispatch(send, { delayMs: 0, isReordered }));
    else if (isReordered && this.#held === undefined) this.#hold(send);
    else this.#underway.track(send().then(() => this.#held?.()));
  }

  #hold(send: () => Promise<void>): void {
    const release = () => {
      cancel();
      this.#held = undefined;
      this.#underway.track(send());
    };
    const cancel = this.#clock.after(LONGEST_HOLD_MS, release);
    this.#held = release;
  }
}
