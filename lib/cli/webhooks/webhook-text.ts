import type { StaticWebhook } from '../../static-webhooks/static-webhook.js';
import { printable, table } from '../table.js';

/** Formats webhooks as a table, which counts secrets and does not show them. */
export function webhookTable(webhooks: readonly StaticWebhook[]): string {
  return table(
    ['name', 'id', 'state', 'secrets', 'events', 'uri'],
    webhooks.map(({ name = '', id, state, secrets, events, uri }) => [
      name,
      id,
      state,
      String(secrets.length),
      events.join(' '),
      withoutQuery(uri),
    ]),
  );
}

/** Returns a webhook as JSON for programs, without its secrets. */
export function webhookJson({ id, name, uri, events, state, createdAt, secrets }: StaticWebhook): object {
  const expiring = secrets.map(({ expiresAt }) => ({ expiresAt: expiresAt ?? null }));
  return { id, name, uri: withoutQuery(uri), events, state, createdAt, secrets: expiring };
}

/** Returns the name of a webhook for a line of text. */
export function webhookLabel({ id, name }: Pick<StaticWebhook, 'id' | 'name'>): string {
  return printable(name === undefined ? id : `${name} (${id})`);
}

/** The query may contain a token. */
function withoutQuery(uri: string): string {
  return uri.replace(/\?.*$/s, '?…');
}
