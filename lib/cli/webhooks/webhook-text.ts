import type { StaticWebhook } from '../../endpoints/static-webhook.js';
import { printable, table } from '../table.js';

/** Webhooks for people. Secrets are counted, not shown. */
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

/** A webhook for programs. */
export function webhookJson({ id, name, uri, events, state, createdAt, secrets }: StaticWebhook): object {
  const expiring = secrets.map(({ expiresAt }) => ({ expiresAt: expiresAt ?? null }));
  return { id, name, uri: withoutQuery(uri), events, state, createdAt, secrets: expiring };
}

/** How a webhook is called where one line is printed of it. */
export function webhookLabel({ id, name }: Pick<StaticWebhook, 'id' | 'name'>): string {
  return printable(name === undefined ? id : `${name} (${id})`);
}

/** What follows the "?" may be a token. */
function withoutQuery(uri: string): string {
  return uri.replace(/\?.*$/s, '?…');
}
