import type { Logger } from '@nestjs/common';
import { messageOf } from '../../errors.js';
import { describeSkew } from './clock-skew.js';
import type { InboxStore, StoreClock } from './inbox-store.js';

const CLOCK_INTERVAL_MS = 3_600_000;

/** Warns about problems that an operator should fix: server settings that can lose events, and clock skew. */
export class StoreChecks {
  readonly #logger: Pick<Logger, 'warn'>;
  #interval: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  /**
   * Checks the settings once. Never rejects.
   *
   * @param clock `true` also compares the clocks, now and every hour: workers' clocks decide when a lock has expired
   */
  async run(store: Pick<InboxStore, 'warnings' | 'clock'>, { clock }: { readonly clock: boolean }): Promise<void> {
    await this.#check('settings', () => store.warnings());
    if (!clock || this.#isStopped) return;
    const compare = () => this.#check('clock', () => compareClocks(store.clock));
    clearInterval(this.#interval);
    this.#interval = setInterval(() => void compare(), CLOCK_INTERVAL_MS).unref();
    await compare();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#interval);
  }

  async #check(what: string, warnings: () => Promise<readonly string[]>): Promise<void> {
    if (this.#isStopped) return;
    try {
      for (const warning of await warnings()) this.#logger.warn(warning);
    } catch (error) {
      if (!this.#isStopped) this.#logger.warn(`The store's ${what} could not be read: ${messageOf(error)}`);
    }
  }
}

async function compareClocks(clock: StoreClock): Promise<string[]> {
  const skew = describeSkew(await clock.compare());
  return skew === undefined
    ? []
    : [`This process's clock is ${skew} ${clock.server}'s. ${clock.skewEffect} Synchronize it (NTP).`];
}
