import type { Client } from 'pg';
import { randomUUID } from 'node:crypto';
import { GeminiWebhooksError } from '../../../errors.js';
import { settlesWithin } from '../../../shared/timeouts.js';

const CHANNEL = 'gemini_webhooks_pooler';
const ATTEMPTS = 3;
/** Short enough that all attempts end before the connection timeout. */
const ANSWER_TIMEOUT_MS = 300;

/**
 * Detects a pooler that gives each transaction another session: through it, a client receives no notifications. Applies no
 * session settings, because such a pooler would leak them to other clients.
 *
 * @param makeClient creates a client without session settings
 * @throws GeminiWebhooksError `invalid_option`
 */
export async function checkPooler(makeClient: () => Client): Promise<void> {
  const [listener, notifier] = [makeClient(), makeClient()];
  for (const client of [listener, notifier]) client.on('error', () => undefined);
  try {
    await Promise.all([listener.connect(), notifier.connect()]);
    if (await receivesNotifications(listener, notifier)) return;
  } finally {
    await Promise.all([listener, notifier].map((client) => settlesWithin(client.end(), ANSWER_TIMEOUT_MS)));
  }
  throw new GeminiWebhooksError(
    'invalid_option',
    'A pooler in front of PostgreSQL gives each transaction another session, so LISTEN and locks do not work. Set pool_mode = session in PgBouncer, or connect to PostgreSQL directly.',
  );
}

async function receivesNotifications(listener: Client, notifier: Client): Promise<boolean> {
  const payload = randomUUID();
  const received = new Promise<void>((resolve) => {
    listener.on('notification', (message) => message.payload === payload && resolve());
  });
  await listener.query(`LISTEN ${CHANNEL}`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    await notifier.query('SELECT pg_notify($1, $2)', [CHANNEL, payload]);
    if (await settlesWithin(received, ANSWER_TIMEOUT_MS)) return true;
  }
  return false;
}
