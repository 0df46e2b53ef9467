import { GeminiWebhooksError } from '../../errors.js';
import type { StaticWebhook } from '../../endpoints/static-webhook.js';

/**
 * The webhook of an id, or else of a name that no other has.
 *
 * @throws GeminiWebhooksError `invalid_argument` when there is none, or several
 */
export function findWebhook(webhooks: readonly StaticWebhook[], idOrName: string): StaticWebhook {
  const named = webhooks.filter(({ name }) => name === idOrName);
  const found = webhooks.find(({ id }) => id === idOrName) ?? named[0];
  if (!found) {
    const names = webhooks.map(({ id, name }) => name ?? id).join(', ');
    throw wrong(`The project has no webhook ${JSON.stringify(idOrName)}. It has: ${names || 'none'}.`);
  }
  if (found.id !== idOrName && named.length > 1) {
    throw wrong(
      `${named.length} webhooks are named ${JSON.stringify(idOrName)}. Give the id of one: ${named.map(({ id }) => id).join(', ')}.`,
    );
  }
  return found;
}

function wrong(message: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', message);
}
