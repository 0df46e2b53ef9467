import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliverUntilTaken, handlerOf } from '../support/durable.js';
import { ownDatabase, type OwnDatabase } from '../support/own-database.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const DELIVERIES = 300;
const IN_FLIGHT = 60;

jest.setTimeout(90_000);

describe.each(STORES.filter(({ name }) => name === 'PostgreSQL'))(
  'the connections of a process to $name',
  ({ url }) => {
    let database: OwnDatabase;

    beforeEach(async () => {
      database = await ownDatabase(url);
    });

    afterEach(async () => {
      await closeApps();
      await database.remove();
    });

    it.each([
      { kind: 'with workers and jobs', workers: true, idle: 4, loaded: 10 },
      { kind: 'that only receives events and starts jobs', workers: false, idle: 3, loaded: 5 },
    ])('are at most $idle when it is idle and $loaded under load, $kind', async ({ workers, idle, loaded }) => {
      let handled = 0;
      const inbox = bullmqInbox({ url: database.url, workers });
      const { origin } = await startApp(
        {
          imports: [staticWebhooks({ inbox, gemini: { apiKey: 'an API key' }, jobs: {} })],
          providers: [handlerOf('count', () => (handled += 1))],
        },
        { adapter: ADAPTERS[0] },
      );
      await deliverUntilTaken(origin);
      // By then the connections that only the start needed are closed as well.
      await until(async () => (await database.connections()) <= idle);

      let most = 0;
      let left = DELIVERIES;
      const sending = Array.from({ length: IN_FLIGHT }, async () => {
        while (left-- > 0) await deliverUntilTaken(origin, { id: randomUUID() });
      });
      const sample = async () => {
        most = Math.max(most, await database.connections());
        return left <= 0 && (!workers || handled > DELIVERIES);
      };
      await until(sample, { withinMs: 60_000, everyMs: 5 });
      await Promise.all(sending);

      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(loaded);
    });
  },
);
