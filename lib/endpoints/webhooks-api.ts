import type { GoogleGenAI, GoogleGenAIRequestOptions } from '@google/genai';
import { inspect } from 'node:util';
import { GeminiWebhooksError } from '../errors.js';
import { staticWebhook, type StaticWebhook } from './static-webhook.js';

const TIMEOUT_MS = 30_000;
const MOST_PAGES = 1000;

/** The SDK's own retries would make duplicates, and secrets that nobody sees. */
const ONCE: GoogleGenAIRequestOptions = { timeout_ms: TIMEOUT_MS, retries: { strategy: 'none' } };
const REPEATABLE: GoogleGenAIRequestOptions = {
  timeout_ms: TIMEOUT_MS,
  retries: { strategy: 'attempt-count-backoff', maxRetries: 2, retryConnectionErrors: true },
};

/** What becomes of the secrets before a new one. */
export type RevokePrevious = 'after24h' | 'now';

const REVOCATIONS = {
  after24h: 'revoke_previous_secrets_after_h24',
  now: 'revoke_previous_secrets_immediately',
} as const satisfies Record<RevokePrevious, string>;

/** `ai.webhooks`, bounded in time; whatever makes a secret is asked for once. Throws what the SDK throws. */
export class WebhooksApi {
  readonly #webhooks: GoogleGenAI['webhooks'];

  constructor(ai: GoogleGenAI) {
    this.#webhooks = ai.webhooks;
  }

  /** Those of all pages. */
  async list(): Promise<StaticWebhook[]> {
    const all: StaticWebhook[] = [];
    let token: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await this.#webhooks.list(token ? { page_token: token } : undefined, REPEATABLE);
      all.push(...(answer.webhooks ?? []).map(staticWebhook));
      token = answer.next_page_token;
      if (!token) return all;
    }
    throw new GeminiWebhooksError('unknown_outcome', `Gemini lists static webhooks on more than ${MOST_PAGES} pages.`);
  }

  async get(id: string): Promise<StaticWebhook> {
    return staticWebhook(await this.#webhooks.get(id, undefined, REPEATABLE));
  }

  /** @returns the webhook and its secret, which Gemini shows once */
  async create(
    name: string,
    uri: string,
    events: readonly string[],
  ): Promise<{ readonly webhook: StaticWebhook; readonly secret: string }> {
    const answer = await unprinted(this.#webhooks.create({ name, uri, subscribed_events: [...events] }, ONCE));
    return { webhook: staticWebhook(answer), secret: shown(answer.new_signing_secret) };
  }

  async update(
    id: string,
    { uri, events, state }: { readonly uri?: string; readonly events?: readonly string[]; readonly state?: 'enabled' },
  ): Promise<StaticWebhook> {
    const changes = {
      ...(uri !== undefined && { uri }),
      ...(events && { subscribed_events: [...events] }),
      ...(state && { state }),
    };
    const mask = Object.keys(changes).join(',');
    return staticWebhook(await this.#webhooks.update(id, { ...changes, update_mask: mask }, REPEATABLE));
  }

  /** @returns the new secret, which Gemini shows once */
  async rotate(id: string, revokePrevious: RevokePrevious): Promise<string> {
    const behaviour = { revocation_behavior: REVOCATIONS[revokePrevious] };
    const answer = await unprinted(this.#webhooks.rotateSigningSecret(id, behaviour, ONCE));
    return shown(answer.secret);
  }

  async ping(id: string): Promise<void> {
    await this.#webhooks.ping(id, undefined, ONCE);
  }

  async delete(id: string): Promise<void> {
    await this.#webhooks.delete(id, undefined, REPEATABLE);
  }
}

/** Whether Gemini may have done what was asked, though it did not say so. */
export function isOutcomeUnknown(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status >= 500 || status === 408;
}

/** Whether Gemini knows no such webhook. */
export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

function statusOf(error: unknown): number | undefined {
  const { status, statusCode } = (error ?? {}) as { readonly status?: unknown; readonly statusCode?: unknown };
  return [status, statusCode].find((one) => typeof one === 'number');
}

/** Without the SDK's error when that holds the secret: it quotes an answer that it cannot read. */
async function unprinted<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    if (!inspect(error, { depth: 10 }).includes('whsec_')) throw error;
    throw new GeminiWebhooksError('unknown_outcome', 'Gemini made a signing secret, and its answer could not be read.');
  }
}

function shown(secret: string | undefined): string {
  if (secret) return secret;
  throw new GeminiWebhooksError('unknown_outcome', 'Gemini made a signing secret and did not show it.');
}
