import type { DeliveryScheme, SignedContent } from './delivery-signer.js';
import { corrupt } from './delivery-signer.js';
import { LoopbackClient } from './loopback-client.js';
import type { SimulatorClock } from './simulated-api.js';
import { PendingWork } from './pending-work.js';

/** Gemini retries for 24 h (ai.google.dev/gemini-api/docs/webhooks, 2026-09). It has not published its backoff. */
const RETRY_FOR_MS = 24 * 3_600_000;
const FIRST_RETRY_MS = 10_000;
const MAX_RETRY_DELAY_MS = 3_600_000;
const STALE_SECONDS = 600;

/** Delivery attempt. */
export interface SimulatedDelivery {
  /** `webhook-id`, which is the same for each attempt. */
  readonly id: string;
  readonly type: string;
  /** URL without its query, which may contain a token. */
  readonly url: string;
  readonly scheme: DeliveryScheme;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** HTTP status; `undefined` without a response. */
  readonly status: number | undefined;
  /** Reason for a missing response. */
  readonly error?: string;
  /** Faults of this attempt, joined by `+`. */
  readonly fault?: string;
  /** Time of the response, in Unix milliseconds of the simulator's clock. */
  readonly at: number;
  /** Resource name of the job that the event reports. */
  readonly job?: string;
}

/** Target of deliveries. */
export interface DeliveryTarget {
  readonly url: string;
  readonly scheme: DeliveryScheme;
  /** True if the delivery should still be retried. */
  readonly isOpen: boolean;
  /** Returns the `webhook-signature`. */
  sign(content: SignedContent): string | Promise<string>;
  /** Called after a 2xx response. */
  onAccepted?(): void;
  /** Called if all attempts failed. @param since time of the first attempt, by the simulator's clock */
  onRetriesExhausted?(since: number): void;
}

/** Delivery to send. */
export interface OutgoingDelivery {
  readonly id: string;
  readonly type: string;
  readonly body: Buffer;
  readonly target: DeliveryTarget;
  readonly job: string | undefined;
  /** Names of the faults, for the record. */
  readonly faults: readonly string[];
  /** False for a copy that a fault adds. */
  readonly isRetried: boolean;
  readonly isForged?: boolean;
  /** True if the first attempt has an old timestamp. */
  readonly isStale?: boolean;
}

/** Signs and sends deliveries, and retries with exponential backoff on the simulator's clock. */
export class WebhookSender {
  readonly #clock: SimulatorClock;
  readonly #pendingWork: PendingWork;
  readonly #record: (delivery: SimulatedDelivery) => void;
  readonly #client = new LoopbackClient();
  #isClosed = false;

  constructor(clock: SimulatorClock, pendingWork: PendingWork, record: (delivery: SimulatedDelivery) => void) {
    this.#clock = clock;
    this.#pendingWork = pendingWork;
    this.#record = record;
  }

  /** Resolves when the first attempt is over. Retries run in the background. */
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
    if (outcome.status !== undefined && outcome.status >= 200 && outcome.status <= 299) target.onAccepted?.();
    else if (delivery.isRetried) this.#retry(delivery, attempt, since);
  }

  #retry(delivery: OutgoingDelivery, attempt: number, since: number): void {
    const { target } = delivery;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_DELAY_MS);
    if (this.#clock.now() + delayMs > since + RETRY_FOR_MS) {
      target.onRetriesExhausted?.(since);
      return;
    }
    this.#clock.after(delayMs, () => {
      if (target.isOpen) this.#pendingWork.track(this.#attempt(delivery, attempt + 1, since));
    });
  }
}

/** Returns a URL without its query, for logs. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** Uses the machine's clock for the timestamp, because receivers compare it with theirs. */
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
    'webhook-signature': isForged === true ? corrupt(signature) : signature,
  };
}
