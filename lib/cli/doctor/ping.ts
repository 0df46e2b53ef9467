import { isCurrentSecretKept } from '../../endpoints/current-secret.js';
import { isEnabled, type StaticWebhook } from '../../endpoints/static-webhook.js';
import type { WebhooksApi } from '../../endpoints/webhooks-api.js';
import { errorText } from '../error-text.js';
import { findWebhook } from '../webhooks/find-webhook.js';
import { webhookLabel } from '../webhooks/webhook-text.js';
import { failed, passed, type Check } from './check.js';

const NAME = 'ping';

/**
 * Whether Gemini would deliver to the app, signed with what it verifies with, and takes a ping for it. Whether that
 * arrives, Gemini does not say.
 */
export async function pingCheck(
  api: () => Promise<Pick<WebhooksApi, 'list' | 'ping'>>,
  idOrName: string,
  app: { readonly url: URL; readonly secrets: readonly string[] },
): Promise<Check> {
  try {
    const webhooks = await api();
    const webhook = findWebhook(await webhooks.list(), idOrName);
    const wrong = whatIsWrong(webhook, app);
    if (wrong) return wrong;
    await webhooks.ping(webhook.id);
    return passed(
      NAME,
      `Gemini has taken a ping to ${webhookLabel(webhook)}: the app's log or a handler of '*' shows it`,
    );
  } catch (error) {
    return failed(NAME, errorText(error), 'Compare GEMINI_API_KEY and the id with "list".');
  }
}

function whatIsWrong(
  webhook: StaticWebhook,
  { url, secrets }: { readonly url: URL; readonly secrets: readonly string[] },
): Check | undefined {
  if (!isEnabled(webhook)) {
    return failed(
      NAME,
      `${webhookLabel(webhook)} is ${webhook.state}`,
      'Once the rest is right: enable it, with "enable".',
    );
  }
  const { origin, pathname } = new URL(webhook.uri);
  if (origin !== url.origin || pathname !== url.pathname) {
    return failed(
      NAME,
      `${webhookLabel(webhook)} delivers to ${origin}${pathname}`,
      'Register it again with the right --uri, or give doctor that URL.',
    );
  }
  const given = secrets.map((value) => ({ value }));
  if (given.length === 0 || isCurrentSecretKept(webhook, given)) return undefined;
  return failed(
    NAME,
    `Gemini signs for ${webhookLabel(webhook)} with another secret than the one given`,
    'Give the app the secret of that webhook, or rotate it into the store of the app.',
  );
}
