import { settlesWithin } from '../shared/timeouts.js';
import { createdAtOf, isEnabled, type StaticWebhook } from './static-webhook.js';

/** Minimum time between requests to Gemini. */
const INTERVAL_MS = 5 * 60_000;
/** Max time that a caller waits for the response. */
const MAX_WAIT_MS = 2_000;

/** State of a static webhook at Gemini. */
export interface WebhookStatus {
  /**
   * As Gemini reports it: `enabled`, `disabled` or `disabled_due_to_failed_deliveries`. `missing` if the project has no such
   * webhook, `unknown` before Gemini has answered.
   */
  readonly state: string;
  /** When Gemini reported the state, in RFC 3339; absent for `unknown`. */
  readonly checkedAt?: string;
}

/** Selects the app's webhook among those of the project. */
export type WebhookSelector = (webhooks: readonly StaticWebhook[]) => StaticWebhook | undefined;

/** Selects the webhook that `GeminiWebhookEndpoints.sync` finds by this name: the oldest one. */
export function oldestNamed(name: string): WebhookSelector {
  return (webhooks) =>
    webhooks.filter((webhook) => webhook.name === name).toSorted((a, b) => createdAtOf(a) - createdAtOf(b))[0];
}

/** Selects the webhook with this URI. Of several, one that Gemini does not deliver to takes precedence. */
export function deliveredTo(url: string): WebhookSelector {
  return (webhooks) => {
    const own = webhooks.filter(({ uri }) => uri === url);
    return own.find((webhook) => !isEnabled(webhook)) ?? own[0];
  };
}

/** Asks Gemini for the state of a static webhook, at most every five minutes, and remembers the answer. */
export class WebhookMonitor {
  readonly #list: () => Promise<readonly StaticWebhook[]>;
  readonly #now: () => number;
  #lastRequestAt = -Infinity;
  #listed: { readonly webhooks: readonly StaticWebhook[]; readonly at: number } | undefined;

  /** @param list returns the project's static webhooks */
  constructor(list: () => Promise<readonly StaticWebhook[]>, now: () => number = Date.now) {
    this.#list = list;
    this.#now = now;
  }

  /**
   * Returns the last known state of the selected webhook, and never rejects. Only the call that sends a request waits for the
   * response, for up to two seconds: a slow Gemini must not slow down every health check.
   */
  async status(select: WebhookSelector): Promise<WebhookStatus> {
    if (this.#now() - this.#lastRequestAt >= INTERVAL_MS) {
      this.#lastRequestAt = this.#now();
      await settlesWithin(this.#request(), MAX_WAIT_MS);
    }
    if (!this.#listed) return { state: 'unknown' };
    const state = select(this.#listed.webhooks)?.state ?? 'missing';
    return { state, checkedAt: new Date(this.#listed.at).toISOString() };
  }

  async #request(): Promise<void> {
    const webhooks = await this.#list();
    this.#listed = { webhooks, at: this.#now() };
  }
}
