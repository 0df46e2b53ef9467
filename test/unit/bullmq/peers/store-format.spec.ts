import { afterEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { checkStoreFormat, STORE_FORMAT } from '../../../../lib/bullmq/peers/store-format.js';
import type { InboxStore } from '../../../../lib/bullmq/store/inbox-store.js';
import { postgresStore } from '../../../../lib/bullmq/store/postgres/postgres-store.js';
import { redisStore } from '../../../../lib/bullmq/store/redis/redis-store.js';
import { RecordingLogger } from '../../../support/recording-logger.js';
import { STORES } from '../../../support/stores.js';

const NEWER = STORE_FORMAT + 1;

describe.each(STORES)('a process that joins its peers on $name', ({ name, url }) => {
  const cleanUps: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  async function relay() {
    const queueName = `format-${randomUUID()}`;
    const options = { prefix: undefined, telemetry: undefined };
    const listener = { onError: () => undefined, onReady: () => undefined };
    const store: InboxStore =
      name === 'Redis'
        ? await redisStore({ kind: 'redis', url }, options, listener)
        : await postgresStore(
            { kind: 'postgres', url },
            { ...options, schema: 'bullmq', migrate: true, workers: true },
          );
    await store.prepare();
    const opened = store.relay(queueName);
    cleanUps.push(
      () => store.close(),
      () => opened.close(),
    );
    await opened.waitUntilReady();
    return opened;
  }

  it('logs an error if a newer version has stored a newer format', async () => {
    const logger = new RecordingLogger();
    const joined = await relay();
    await joined.publish(`format.${NEWER}` as never, NEWER as never, { retain: 60_000 });
    await checkStoreFormat(joined, logger);

    expect(logger.of('error')).toEqual([expect.stringContaining(`it stores format ${NEWER}`)]);
  });

  it('records its own format for later, and finds nothing wrong with it', async () => {
    const logger = new RecordingLogger();
    const joined = await relay();
    await checkStoreFormat(joined, logger);
    await checkStoreFormat(joined, logger);

    expect(logger.entries).toEqual([]);
    expect((await joined.getRetained()).map(({ topic }) => topic)).toEqual([`format.${STORE_FORMAT}`]);
  });
});
