import { EventEmitter, once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { post } from '../../support/http.js';
import { bodyOf, withHmac } from '../../support/senders.js';
import { SECRET } from '../../support/static-webhooks.js';
import { until } from '../../support/until.js';
import { each } from './load.js';

const AT_ONCE = 16;
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;

/** Delivers each event again until it gets a 2xx, as Google does, but sooner. */
export class Redelivery {
  readonly #url: string;
  readonly #events = new EventEmitter().setMaxListeners(AT_ONCE);
  readonly ended: Promise<void>;
  #allowed = 0;
  /** Events that got a 2xx. */
  taken = 0;
  /** Deliveries that got another status or no answer. */
  refused = 0;

  constructor(origin: string, ids: readonly string[]) {
    this.#url = new URL('gemini/webhooks', origin).href;
    this.ended = each(ids.entries(), AT_ONCE, async ([index, id]) => {
      while (index >= this.#allowed) await once(this.#events, 'allowed');
      await this.#deliver(id);
    });
  }

  /** Lets it deliver so many events in all. */
  allow(count: number): void {
    this.#allowed = count;
    this.#events.emit('allowed');
  }

  /** Resolves when so many events got a 2xx. */
  reaches(taken: number): Promise<void> {
    return until(() => this.taken >= taken, { withinMs: 120_000 });
  }

  async #deliver(id: string): Promise<void> {
    for (let delay = FIRST_DELAY_MS; !(await this.#isTaken(id)); delay = Math.min(2 * delay, MAX_DELAY_MS)) {
      this.refused += 1;
      await wait(delay);
    }
    this.taken += 1;
  }

  #isTaken(id: string): Promise<boolean> {
    return post(this.#url, withHmac(SECRET, bodyOf('batch.succeeded', { id }), { id: `msg_${id}` })).then(
      ({ status }) => status >= 200 && status < 300,
      () => false,
    );
  }
}
