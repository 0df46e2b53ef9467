import { GeminiWebhooksError } from '../../errors.js';
import type { StaticWebhook } from '../../static-webhooks/static-webhook.js';

/**
 * Returns the webhook with an id, or else with a unique name.
 *
 * @throws GeminiWebhooksError `invalid_argument` if there is none or several
 */
export function findWebhook(webhooks: readonly StaticWebhook[], idOrName: string): StaticWebhook {
  const named = webhooks.filter(({ name }) => name === idOrName);
  const found = webhooks.find(({ id }) => id === idOrName) ?? named[0];
  if (!found) {
    const names = webhooks.map(({ id, name }) => name ?? id).join(', ');
    throw invalid(`The project has no webhook ${JSON.stringify(idOrName)}. It has: ${names || 'none'}.`);
  }
  if (found.id !== idOrName && named.length > 1) {
    throw invalid(
      `${named.length} webhooks are named ${JSON.stringify(idOrName)}. Give the id of one: ${named.map(({ id }) => id).join(', ')}.`,
    );
  }
  return found;
}

function invalid(message: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', message);
}
