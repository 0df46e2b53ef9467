import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import type { Cluster } from 'ioredis';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { UnrecoverableEventError } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { Command, killCommands } from '../support/command.js';
import { deliverUntilTaken, handlerOf } from '../support/durable.js';
import { startRedisCluster, type TestCluster } from '../support/redis-cluster.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const BIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const prefix = '{gemini}';

jest.setTimeout(60_000);

(STORES.some(({ name }) => name === 'Redis') ? describe : describe.skip)('failed on a Redis cluster', () => {
  let servers: TestCluster;
  let connection: Cluster;

  beforeAll(async () => {
    servers = await startRedisCluster();
    connection = servers.connect();
  });

  afterEach(async () => {
    killCommands();
    await closeApps();
  });

  afterAll(async () => {
    connection.disconnect();
    await servers.stop();
  });

  it('lists and replays the events by the URL of any node', async () => {
    const { other } = await servers.urlsFor(prefix);
    let isRepaired = false;
    const repairable = handlerOf('repairable', () => {
      if (!isRepaired) throw new UnrecoverableEventError('not yet');
    });
    const imports = [staticWebhooks({ inbox: bullmqInbox({ connection, prefix }) })];
    const { origin } = await startApp({ imports, providers: [repairable] }, { adapter: ADAPTERS[0] });
    const failed = (...args: string[]) => cli(['failed', ...args, '--url', other, '--prefix', prefix, '--json']);
    const listed = async () => JSON.parse((await failed('list')).out) as { id: string }[];
    await deliverUntilTaken(origin, { id: 'b1' });
    await until(async () => (await listed()).length === 1);
    isRepaired = true;

    expect(JSON.parse((await failed('replay', '--all', '--yes')).out)).toEqual({ replayed: 1 });
    await until(async () => (await listed()).length === 0);
    const command = new Command(process.execPath, [BIN, 'failed', 'list', '--url', other, '--prefix', prefix]);
    expect(await command.finished()).toMatchObject({ code: 0, stdout: '' });
  });

  it('exits with 2 for a prefix without a hash tag', async () => {
    const { code, err } = await cli(['failed', 'list', '--url', servers.urls[0]!]);

    expect(code).toBe(2);
    for (const fact of ['prefix', 'cluster', '{gemini}']) expect(err).toContain(fact);
  });
});
