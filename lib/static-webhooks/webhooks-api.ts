import type { GoogleGenAI, GoogleGenAIRequestOptions } from '@google/genai';
import { inspect } from 'node:util';
import { loadedClient, type GeminiClient } from '../config/gemini-client.js';
import { GeminiWebhooksError } from '../errors.js';
import { describe } from '../shared/check-object.js';
import { statusOf } from '../shared/http-status.js';
import { staticWebhook, type StaticWebhook } from './static-webhook.js';

const TIMEOUT_MS = 30_000;
const MAX_PAGES = 1000;

/** The SDK's own retries would create duplicates, and secrets that are lost. */
const NO_RETRIES: GoogleGenAIRequestOptions = { timeout_ms: TIMEOUT_MS, retries: { strategy: 'none' } };
const REPEATABLE: GoogleGenAIRequestOptions = {
  timeout_ms: TIMEOUT_MS,
  retries: { strategy: 'attempt-count-backoff', maxRetries: 2, retryConnectionErrors: true },
};

/** When a rotation revokes the previous secrets. */
export type RevokePrevious = 'after24h' | 'now';

const REVOCATIONS = {
  after24h: 'revoke_previous_secrets_after_h24',
  now: 'revoke_previous_secrets_immediately',
} as const satisfies Record<RevokePrevious, string>;

/** `ai.webhooks` with timeouts. Requests that create a secret are not retried. Throws what the SDK throws. */
export class WebhooksApi {
  readonly #ai: GeminiClient;

  constructor(ai: GeminiClient) {
    this.#ai = ai;
  }

  async #webhooks(): Promise<GoogleGenAI['webhooks']> {
    return (await loadedClient(this.#ai)).webhooks;
  }

  /** Returns the webhooks of all pages. */
  async list(): Promise<StaticWebhook[]> {
    return this.#list(REPEATABLE);
  }

  /** Returns the webhooks of all pages, without retries. */
  async listOnce(): Promise<StaticWebhook[]> {
    return this.#list(NO_RETRIES);
  }

  async #list(options: GoogleGenAIRequestOptions): Promise<StaticWebhook[]> {
    const all: StaticWebhook[] = [];
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const response = await (await this.#webhooks()).list(token ? { page_token: token } : undefined, options);
      all.push(...(response.webhooks ?? []).map(staticWebhook));
      token = response.next_page_token;
      if (!token) return all;
    }
    throw new GeminiWebhooksError('unknown_outcome', `Gemini lists static webhooks on more than ${MAX_PAGES} pages.`);
  }

  async get(id: string): Promise<StaticWebhook> {
    return staticWebhook(await (await this.#webhooks()).get(checkedId(id), undefined, REPEATABLE));
  }

  /** @returns the webhook and its secret, which Gemini shows once */
  async create(
    name: string,
    uri: string,
    events: readonly string[],
  ): Promise<{ readonly webhook: StaticWebhook; readonly secret: string }> {
    const response = await withoutSecrets(
      (await this.#webhooks()).create({ name, uri, subscribed_events: [...events] }, NO_RETRIES),
    );
    return { webhook: staticWebhook(response), secret: secretIn(response.new_signing_secret) };
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
    return staticWebhook(
      await (await this.#webhooks()).update(checkedId(id), { ...changes, update_mask: mask }, REPEATABLE),
    );
  }

  /** @returns the new secret, which Gemini shows once */
  async rotate(id: string, revokePrevious: RevokePrevious): Promise<string> {
    const behaviour = { revocation_behavior: REVOCATIONS[revokePrevious] };
    const response = await withoutSecrets((await this.#webhooks()).rotateSigningSecret(id, behaviour, NO_RETRIES));
    return secretIn(response.secret);
  }

  async ping(id: string): Promise<void> {
    await (await this.#webhooks()).ping(checkedId(id), undefined, NO_RETRIES);
  }

  async delete(id: string): Promise<void> {
    await (await this.#webhooks()).delete(id, undefined, REPEATABLE);
  }
}

/** @throws GeminiWebhooksError `invalid_argument` */
function checkedId(id: unknown): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiWebhookEndpoints: got ${id === '' ? 'an empty id' : `${describe(id)} for the id of a static webhook`}. Give the id that list() shows.`,
  );
}

/** True if Gemini may have executed the request although it failed. */
export function isOutcomeUnknown(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status >= 500 || status === 408;
}

/** True if Gemini reports that there is no such webhook. */
export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** Replaces an SDK error that contains the secret: the SDK quotes a response that it cannot parse. */
async function withoutSecrets<Response>(call: Promise<Response>): Promise<Response> {
  try {
    return await call;
  } catch (error) {
    if (!inspect(error, { depth: 10 }).includes('whsec_')) throw error;
    throw new GeminiWebhooksError(
      'unknown_outcome',
      'Gemini created a signing secret, but its response could not be parsed.',
    );
  }
}

function secretIn(secret: string | undefined): string {
  if (secret) return secret;
  throw new GeminiWebhooksError(
    'unknown_outcome',
    'Gemini created a signing secret, but its response does not contain it.',
  );
}
