import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { GeminiFailedEvents, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import { dropSchema } from '../support/drop-schema.js';
import {
  ACCEPTED,
  closeWorkers,
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  startWorker,
  testQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { deliver, staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await closeWorkers();
  await removeTestQueues();
});

describe.each(STORES)('on $name', ({ name, url }) => {
  it('a web process with `workers: false` only stores, and a worker process without HTTP handles', async () => {
    const queue = testQueue(url);
    const handledBy: string[] = [];
    const web = await startDurableApp(queue, [handlerOf('one', () => handledBy.push('web'))], { workers: false });
    await deliverUntilTaken(web.origin);
    expect(await queue.queue.getJobCounts('waiting')).toEqual({ waiting: 1 });

    await startWorker(queue, [handlerOf('one', () => handledBy.push('worker'))]);
    await drained(queue.queue);

    expect(handledBy).toEqual(['worker']);
    expect(await deliver(web.origin)).toMatchObject(ACCEPTED);
    expect(await web.app.get(GeminiFailedEvents).list()).toEqual([]);
  });

  it('a worker warns once at start if another worker of its queue has other handlers only', async () => {
    const queue = testQueue(url);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const warnings = () => warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('queueName'));
    const theirs = ['Billing.charge', 'Billing.note'].map((handler) => handlerOf(handler));

    await deliverUntilTaken((await startDurableApp(queue, theirs)).origin);
    await deliverUntilTaken((await startDurableApp(queue, [theirs[1]!, handlerOf('new')])).origin, { id: 'batch_2' });
    await drained(queue.queue);
    await startDurableApp(queue, [], { workers: false });
    expect(warnings()).toEqual([]);

    await startWorker(queue, [handlerOf('Orders.publish')]);
    await until(() => warnings().length > 0);
    const found = warnings();
    warn.mockRestore();
    expect(found).toEqual([
      expect.stringMatching(
        new RegExp(`^Another worker of the queue "${queue.name}" has none of .* but Billing\\.\\w+.* own queueName`),
      ),
    ]);
  });

  it('module instances have separate queues, named after them', async () => {
    const schema = `bullmq_${randomUUID().slice(0, 8)}`;
    const inbox = bullmqInbox({ url, prefix: schema });
    const events: GeminiEvent[] = [];
    const both = deferred();
    const { app, origin } = await startApp(
      {
        imports: [staticWebhooks({ inbox }), staticWebhooks({ name: 'second', path: 'second', inbox })],
        providers: [
          handlerOf('keep', (event) => {
            events.push(event);
            if (events.length === 2) both.resolve();
          }),
        ],
      },
      { adapter: ADAPTERS[0] },
    );

    await deliverUntilTaken(origin);
    await deliverUntilTaken(origin, { path: 'second' });
    await both.promise;
    const names = await queueNames(url, schema);
    await app.close();
    await removeAll(url, schema);

    expect(events.map(({ delivery }) => delivery.registration).toSorted()).toEqual(['default', 'second']);
    expect(names).toEqual(['gemini-webhooks', 'gemini-webhooks-second']);
  });

  it("the app's own client lends its connection options and is not closed", async () => {
    const queue = testQueue(url);
    const handled = deferred();
    const connection = name === 'Redis' ? new Redis(url, { keyPrefix: 'app:' }) : new Pool({ connectionString: url });
    const inbox = bullmqInbox({ connection, queueName: queue.name });
    const { app, origin } = await startApp(
      { imports: [staticWebhooks({ inbox })], providers: [handlerOf('one', () => handled.resolve())] },
      { adapter: ADAPTERS[0] },
    );

    await deliverUntilTaken(origin);
    await handled.promise;
    await drained(queue.queue);
    await app.close();

    if (connection instanceof Redis) {
      expect(await connection.ping()).toBe('PONG');
      connection.disconnect();
    } else {
      expect((await connection.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      await connection.end();
    }
    expect(await (queue.queue as Queue).getJobCounts('completed')).toEqual({ completed: 1 });
  });
});

async function queueNames(url: string, prefix: string): Promise<string[]> {
  if (!url.startsWith('redis')) return query(url, `SELECT DISTINCT queue AS name FROM "${prefix}".job ORDER BY 1`);
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}:*:e*`);
  redis.disconnect();
  const names = keys.map((key) => key.split(':')[1]!).filter((found) => found.startsWith('gemini-webhooks'));
  return [...new Set(names)].toSorted();
}

async function removeAll(url: string, prefix: string): Promise<void> {
  if (!url.startsWith('redis')) {
    await dropSchema(url, prefix);
    return;
  }
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
}

async function query(url: string, sql: string): Promise<string[]> {
  const pool = new Pool({ connectionString: url });
  const { rows } = await pool.query<{ name: string }>(sql);
  await pool.end();
  return rows.map((row) => row.name);
}
