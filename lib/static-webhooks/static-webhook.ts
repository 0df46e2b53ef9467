import type { Webhooks } from '@google/genai';

/** A static webhook of the project, as Gemini reports it. */
export interface StaticWebhook {
  readonly id: string;
  readonly name?: string | undefined;
  readonly uri: string;
  /** Types of the events that it receives. */
  readonly events: readonly string[];
  /** `enabled`, `disabled`, or `disabled_due_to_failed_deliveries` (`@google/genai` 2.32). */
  readonly state: string;
  /** RFC 3339. */
  readonly createdAt?: string | undefined;
  /** Its signing secrets, truncated by Gemini. */
  readonly secrets: readonly TruncatedSecret[];
}

/** The part of a signing secret that Gemini shows. */
export interface TruncatedSecret {
  readonly truncated: string;
  /** RFC 3339; absent for the current secret. */
  readonly expiresAt?: string | undefined;
}

/** Converts Gemini's response, and drops a new secret that it may contain. */
export function staticWebhook(response: Webhooks.Webhook): StaticWebhook {
  const { id = '', name, uri, subscribed_events: events = [], state = 'enabled', create_time: createdAt } = response;
  const secrets = (response.signing_secrets ?? []).map(
    ({ truncated_secret: truncated = '', expire_time: expiresAt }) => ({
      truncated,
      expiresAt,
    }),
  );
  return { id, name, uri, events, state, createdAt, secrets };
}

/** Returns when the webhook was created, in Unix milliseconds, and 0 if Gemini does not say. */
export function createdAtOf({ createdAt }: StaticWebhook): number {
  const time = Date.parse(createdAt ?? '');
  return Number.isNaN(time) ? 0 : time;
}

/** True if Gemini delivers to the webhook. */
export function isEnabled({ state }: StaticWebhook): boolean {
  return state === 'enabled';
}
