import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { BullmqInboxOptions } from '../../lib/bullmq/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { inboxOn, removeTestQueues, testQueue, type TestQueue } from '../support/durable.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const AHEAD_MS = 90_000;

let logger: RecordingLogger;

const start = (queue: TestQueue, options: BullmqInboxOptions = {}) =>
  startApp(
    { imports: [staticWebhooks({ inbox: inboxOn(queue, options) })] },
    { adapter: ADAPTERS[0], options: { logger } },
  );

beforeEach(() => {
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});

afterEach(async () => {
  await closeApps();
  jest.restoreAllMocks();
  Logger.overrideLogger(false);
  await removeTestQueues();
});

describe.each(STORES)('a worker whose clock is wrong, on $name', ({ name, url }) => {
  const lines = () => logger.of('warn').filter((line) => line.includes("This process's clock is"));
  const shift = (ms: number) => {
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
  };

  it.each([
    ['ahead of', AHEAD_MS],
    ['behind', -AHEAD_MS],
  ])('logs a warning at start: %s', async (how, ms) => {
    shift(ms);
    await start(testQueue(url));
    await until(() => lines().length > 0, { withinMs: 10_000 });

    expect(lines()).toEqual([expect.stringMatching(new RegExp(`is (89|90)\\.\\d s ${how} ${name}'s`))]);
  });
});

describe.each(STORES.filter(({ name }) => name === 'PostgreSQL'))('a $name that may lose events', ({ url }) => {
  it.each([
    ['the role', (role: string) => `ALTER ROLE ${role} SET synchronous_commit = off`],
    [
      'the role in this database',
      (role: string, db: string) => `ALTER ROLE ${role} IN DATABASE "${db}" SET synchronous_commit = off`,
    ],
  ])('causes a warning at start, also if only for %s', async (_whom, setting) => {
    const role = `hasty_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    const admin = new Client({ connectionString: url });
    await admin.connect();
    const { rows } = await admin.query<{ db: string }>('SELECT current_database() AS db');
    await admin.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'hasty'; ${setting(role, rows[0]!.db)}`);
    try {
      const hasty = new URL(url);
      hasty.username = role;
      hasty.password = 'hasty';
      await start({ ...testQueue(url), url: hasty.href }, { workers: false });
      await until(() => logger.of('warn').some((line) => line.includes('synchronous_commit off')), {
        withinMs: 10_000,
      });
    } finally {
      await closeApps();
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await admin.end();
    }
  });
});
