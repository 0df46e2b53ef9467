import type { DeliveryScheme, SignedContent } from './delivery-signer.js';
import { spoilt } from './delivery-signer.js';
import { LoopbackClient } from './http-post.js';
import type { SimulatorClock } from './simulated-api.js';
import { Underway } from './underway.js';

/** Gemini tries for 24 h (ai.google.dev/gemini-api/docs/webhooks, 2026-09). The steps of its backoff are not published. */
const RETRY_FOR_MS = 24 * 3_600_000;
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;
const STALE_SECONDS = 600;

/** One attempt at a delivery. */
export interface SimulatedDelivery {
  /** The `webhook-id`: the same for each attempt. */
  readonly id: string;
  readonly type: string;
  /** Without its query, which may hold a token. */
  readonly url: string;
  readonly scheme: DeliveryScheme;
  /** From 1 on. */
  readonly attempt: number;
  /** The HTTP status; `undefined` when there was no answer. */
  readonly status: number | undefined;
  /** Why there was none. */
  readonly error?: string;
  /** The faults that this attempt was made with, joined by `+`. */
  readonly fault?: string;
  /** When it was answered, in Unix milliseconds of the simulator's clock. */
  readonly at: number;
  /** The job that the event is about. */
  readonly job?: string;
}

/** Where deliveries go. */
export interface DeliveryTarget {
  readonly url: string;
  readonly scheme: DeliveryScheme;
  /** Whether it still wants to be tried again. */
  readonly isOpen: boolean;
  /** The `webhook-signature`. */
  sign(content: SignedContent): string | Promise<string>;
  /** It has answered 2xx. */
  accepted?(): void;
  /** It has not for as long as Gemini tries. @param since when the first attempt was made, by the simulator's clock */
  givenUp?(since: number): void;
}

/** A delivery to be made. */
export interface OutgoingDelivery {
  readonly id: string;
  readonly type: string;
  readonly body: Buffer;
  readonly target: DeliveryTarget;
  readonly job: string | undefined;
  /** Names of the faults, for the record. */
  readonly faults: readonly string[];
  /** A copy that a fault has made is sent once. */
  readonly isRetried: boolean;
  readonly isForged?: boolean;
  /** Its first attempt carries an old timestamp. */
  readonly isStale?: boolean;
}

/** Signs, sends, and tries again with exponential backoff on the simulator's clock. */
export class WebhookSender {
  readonly #clock: SimulatorClock;
  readonly #underway: Underway;
  readonly #record: (delivery: SimulatedDelivery) => void;
  readonly #client = new LoopbackClient();
  #isClosed = false;

  constructor(clock: SimulatorClock, underway: Underway, record: (delivery: SimulatedDelivery) => void) {
    this.#clock = clock;
    this.#underway = underway;
    this.#record = record;
  }

  /** Makes the first attempt and resolves when it is over. Further ones follow by themselves. */
  async send(delivery: OutgoingDelivery): Promise<void> {
    await this.#attempt(delivery, 1, this.#clock.now());
  }

  close(): void {
    this.#isClosed = true;
    this.#client.close();
  }

  async #attempt(delivery: OutgoingDelivery, attempt: number, since: number): Promise<void> {
    const { target } = delivery;
    const isStale = delivery.isStale === true && attempt === 1;
    const { url } = target;
    const headers = await headersOf(delivery, isStale);
    if (this.#isClosed) return;
    const outcome = await this.#client.post(url, headers, delivery.body);
    if (this.#isClosed) return;
    const faults = delivery.faults.filter((fault) => fault !== 'stale' || isStale);
    this.#record({
      id: delivery.id,
      type: delivery.type,
      url: withoutQuery(url),
      scheme: target.scheme,
      attempt,
      ...outcome,
      ...(faults.length > 0 && { fault: faults.join('+') }),
      at: this.#clock.now(),
      ...(delivery.job !== undefined && { job: delivery.job }),
    });
    if (outcome.status !== undefined && outcome.status >= 200 && outcome.status <= 299) target.accepted?.();
    else if (delivery.isRetried) this.#retry(delivery, attempt, since);
  }

  #retry(delivery: OutgoingDelivery, attempt: number, since: number): void {
    const { target } = delivery;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS);
    if (this.#clock.now() + delayMs > since + RETRY_FOR_MS) {
      target.givenUp?.(since);
      return;
    }
    this.#clock.after(delayMs, () => {
      if (target.isOpen) this.#underway.track(this.#attempt(delivery, attempt + 1, since));
    });
  }
}

/** The URL as logs may have it. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** The timestamp is the machine's: receivers hold it against theirs, whatever time it is for the simulator. */
async function headersOf(
  { id, body, target, isForged }: OutgoingDelivery,
  isStale: boolean,
): Promise<Record<string, string>> {
  const timestamp = Math.floor(Date.now() / 1000) - (isStale ? STALE_SECONDS : 0);
  const signature = await target.sign({ id, timestamp, body });
  return {
    'content-type': 'application/json',
    'user-agent': 'GeminiSimulator',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': isForged === true ? spoilt(signature) : signature,
  };
}
