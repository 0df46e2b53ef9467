import { isCurrentSecretStored } from '../../static-webhooks/current-secret.js';
import { isEnabled, type StaticWebhook } from '../../static-webhooks/static-webhook.js';
import type { WebhooksApi } from '../../static-webhooks/webhooks-api.js';
import { errorText } from '../error-text.js';
import { findWebhook } from '../webhooks/find-webhook.js';
import { webhookLabel } from '../webhooks/webhook-text.js';
import { failed, passed, type Check } from './check.js';

const NAME = 'ping';
const ARRIVAL =
  "Gemini does not say if it arrived: a handler for '*' or GeminiEventBus receives it; without either, the log of the app says " +
  '"No handler in this process receives …" at the first ping';

/** Result of the checks on Gemini's side. */
export interface Ping {
  readonly check: Check;
  /** Event types that the webhook subscribes to; `[]` if it was not found. */
  readonly subscribed: readonly string[];
}

/**
 * Checks that Gemini delivers to the app, signs with a secret of the app, and accepts a ping. Gemini does not say if the
 * ping arrives.
 */
export async function pingCheck(
  api: () => Promise<Pick<WebhooksApi, 'list' | 'ping'>>,
  idOrName: string,
  app: { readonly url: URL; readonly secrets: readonly string[] },
): Promise<Ping> {
  let subscribed: readonly string[] = [];
  try {
    const webhooks = await api();
    const webhook = findWebhook(await webhooks.list(), idOrName);
    subscribed = webhook.events;
    const problem = findProblem(webhook, app);
    if (problem) return { check: problem, subscribed };
    await webhooks.ping(webhook.id);
    return { check: passed(NAME, `Gemini accepted a ping to ${webhookLabel(webhook)}. ${ARRIVAL}`), subscribed };
  } catch (error) {
    return { check: failed(NAME, errorText(error), 'Compare GEMINI_API_KEY, and the name with "list".'), subscribed };
  }
}

function findProblem(
  webhook: StaticWebhook,
  { url, secrets }: { readonly url: URL; readonly secrets: readonly string[] },
): Check | undefined {
  if (!isEnabled(webhook)) {
    return failed(
      NAME,
      `${webhookLabel(webhook)} is ${webhook.state}`,
      'Fix what else is wrong, then enable it with "enable".',
    );
  }
  const { origin, pathname } = new URL(webhook.uri);
  if (origin !== url.origin || pathname !== url.pathname) {
    return failed(
      NAME,
      `${webhookLabel(webhook)} delivers to ${origin}${pathname}`,
      'Run "register" with the right --uri, or give doctor that URL.',
    );
  }
  const given = secrets.map((value) => ({ value }));
  if (given.length === 0 || isCurrentSecretStored(webhook, given)) return undefined;
  return failed(
    NAME,
    `Gemini signs for ${webhookLabel(webhook)} with a secret other than the one given`,
    'Give the app the secret of this webhook, or use "rotate" with the store of the app.',
  );
}
