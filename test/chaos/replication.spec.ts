import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { openQueue } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses } from './support/app-process.js';
import { FaultyLine } from './support/faulty-line.js';
import { Journal } from './support/journal.js';
import { timed } from './support/load.js';
import { ownRedis, type OwnStore } from './support/own-stores.js';

const EVENTS = 20;
/** How long a replica may have been silent before the master refuses writes, in seconds. */
const MAX_LAG = 1;

jest.setTimeout(120_000);

(STORES.some(({ name }) => name === 'Redis') ? describe : describe.skip)('a Redis master with a replica', () => {
  let master: OwnStore;
  let replica: OwnStore;
  let line: FaultyLine;
  let admin: Redis;
  let follower: Redis;
  let journal: Journal;
  let app: AppProcess;
  let queueName: string;

  beforeEach(async () => {
    [master, replica] = [await ownRedis(), await ownRedis()];
    await Promise.all([master.start(), replica.start()]);
    line = new FaultyLine(master.url);
    const { hostname, port } = new URL(await line.start());
    [admin, follower] = [new Redis(master.url), new Redis(replica.url)];
    for (const client of [admin, follower]) client.on('error', () => undefined);
    await follower.replicaof(hostname, port);
    await until(async () => (await follower.info('replication')).includes('master_link_status:up'));
    journal = new Journal();
    queueName = `replicated-${randomUUID()}`;
    app = await AppProcess.start({ journal, inbox: { url: master.url, queueName, workers: false } });
    await until(async () => (await timed(app.origin, 'batch_0')).status === 202);
    await until(async () => (await storedOn(replica)) === 1);
  });

  afterEach(async () => {
    await killAppProcesses();
    admin.disconnect();
    follower.disconnect();
    line.stop();
    await Promise.all([master.remove(), replica.remove()]);
    journal.remove();
  });

  const storedOn = async ({ url }: OwnStore) => {
    const queue = openQueue(url, queueName);
    const { waiting = 0 } = await queue.getJobCounts('waiting');
    await queue.close();
    return waiting;
  };

  it('accepts events that the replica lacks, which are lost when it takes over', async () => {
    line.stall();
    for (let event = 1; event <= EVENTS; event += 1)
      expect(await timed(app.origin, `batch_${event}`)).toMatchObject({ status: 202 });
    await master.crash();
    line.cut();
    await follower.replicaof('NO', 'ONE');

    expect(await storedOn(replica)).toBe(1);
  });

  it('refuses events with min-replicas-to-write while the replica lags, and accepts them once it has caught up', async () => {
    await admin.config('SET', 'min-replicas-max-lag', String(MAX_LAG));
    await admin.config('SET', 'min-replicas-to-write', '1');
    line.stall();
    await until(async () => (await timed(app.origin, 'batch_1')).status === 503);
    for (let event = 2; event <= EVENTS; event += 1)
      expect(await timed(app.origin, `batch_${event}`)).toMatchObject({ status: 503, code: 'inbox_unavailable' });
    line.open();
    await until(async () => (await timed(app.origin, 'batch_2')).status === 202);

    expect(journal.uncaught()).toEqual([]);
  });
});
