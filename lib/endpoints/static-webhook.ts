import type { Webhooks } from '@google/genai';

/** A static webhook of the project, as Gemini knows it. */
export interface StaticWebhook {
  readonly id: string;
  readonly name?: string | undefined;
  readonly uri: string;
  /** What it is told of. */
  readonly events: readonly string[];
  /** `enabled`, `disabled`, or `disabled_due_to_failed_deliveries` (`@google/genai` 2.32). */
  readonly state: string;
  /** RFC 3339. */
  readonly createdAt?: string | undefined;
  /** Its signing secrets, shortened by Gemini. */
  readonly secrets: readonly TruncatedSecret[];
}

/** What Gemini shows of a signing secret. */
export interface TruncatedSecret {
  readonly truncated: string;
  /** RFC 3339; absent for the one that is in use until further notice. */
  readonly expiresAt?: string | undefined;
}

/** What Gemini answered, without the new secret that an answer may hold. */
export function staticWebhook(answer: Webhooks.Webhook): StaticWebhook {
  const { id = '', name, uri, subscribed_events: events = [], state = 'enabled', create_time: createdAt } = answer;
  const secrets = (answer.signing_secrets ?? []).map(
    ({ truncated_secret: truncated = '', expire_time: expiresAt }) => ({
      truncated,
      expiresAt,
    }),
  );
  return { id, name, uri, events, state, createdAt, secrets };
}

/** Whether Gemini delivers to it. */
export function isEnabled({ state }: StaticWebhook): boolean {
  return state === 'enabled';
}
