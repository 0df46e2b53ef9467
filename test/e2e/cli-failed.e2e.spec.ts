import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { UnrecoverableEventError, type GeminiEvent } from '../../lib/index.js';
import { closeApps } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { Command, killCommands } from '../support/command.js';
import {
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  testQueue,
  type TestQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

const BIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

jest.setTimeout(60_000);

afterEach(async () => {
  killCommands();
  await closeApps();
  await removeTestQueues();
});

describe.each(STORES)('failed on $name', ({ url }) => {
  let opened: TestQueue;
  let origin: string;
  let runs: { steady: string[]; broken: string[] };
  let isRepaired: boolean;

  const idOf = ({ data }: GeminiEvent) => (data as { id: string }).id;
  const failed = (...args: string[]) =>
    cli(['failed', ...args, '--queue', opened.name], { env: { GEMINI_WEBHOOK_INBOX_URL: url } });
  const listed = async (...args: string[]) => {
    const { code, out } = await failed('list', '--json', ...args);
    expect(code).toBe(0);
    return JSON.parse(out) as { id: string; type: string; failedAt: string }[];
  };
  const fail = async (...events: { id: string; type?: string }[]) => {
    for (const event of events) {
      await deliverUntilTaken(origin, event);
      await drained(opened.queue);
    }
  };

  beforeEach(async () => {
    runs = { steady: [], broken: [] };
    isRepaired = false;
    opened = testQueue(url);
    const running = await startDurableApp(opened, [
      handlerOf('steady', (event) => runs.steady.push(idOf(event))),
      handlerOf('broken', (event) => {
        runs.broken.push(idOf(event));
        if (!isRepaired) throw new UnrecoverableEventError('not yet');
      }),
      handlerOf('flaky', () => {
        if (!isRepaired) throw new Error('not yet');
      }),
    ]);
    origin = running.origin;
  });

  it('lists them as a table, the latest first, with the handlers that failed', async () => {
    await fail({ id: 'b1' }, { id: 'b2', type: 'batch.failed' });
    const [second, first] = await listed();
    const { code, out, err } = await failed('list');

    expect({ code, err }).toEqual({ code: 0, err: '' });
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    const whole = (time = '') => time.replace(/\.\d+Z$/, 'Z');
    expect(rows.slice(1)).toEqual([
      [second!.id, 'batch.failed', whole(second?.failedAt), '3', 'broken flaky', expect.stringContaining('flaky')],
      [first!.id, 'batch.succeeded', whole(first?.failedAt), '3', 'broken flaky', expect.stringContaining('flaky')],
    ]);
  });

  it('selects them by type, time and page', async () => {
    await fail({ id: 'b1' }, { id: 'b2', type: 'batch.failed' }, { id: 'b3' });
    const [third, second, first] = await listed();
    const idsOf = async (...args: string[]) => (await listed(...args)).map(({ id }) => id);

    expect(await idsOf('--type', 'batch.completed')).toEqual([third!.id, first!.id]);
    expect(await idsOf('--before', third!.failedAt)).toEqual([second!.id, first!.id]);
    expect(await idsOf('--after', first!.failedAt, '--type', 'batch.succeeded')).toEqual([third!.id]);
    expect(await idsOf('--after', '1h')).toHaveLength(3);
    expect(await idsOf('--before', '1h')).toEqual([]);
    expect(await idsOf('--offset', '1', '--limit', '1')).toEqual([second!.id]);
    const page = await failed('list', '--limit', '2');
    expect(page.err).toContain('--offset 2');
    const none = await failed('list', '--type', 'batch.suceeded');
    expect(none).toMatchObject({ code: 0, out: '' });
    for (const name of ['no event batch.suceeded. Did you mean "batch.succeeded"?', opened.name])
      expect(none.err).toContain(name);
  });

  it('shows one with its data and the result of each handler, and no secret', async () => {
    await fail({ id: 'b1' });
    const [{ id } = { id: '' }] = await listed();
    const text = await failed('show', id);
    const json = await failed('show', id, '--json');

    for (const fact of [id, 'batch.succeeded', 'steady: succeeded', 'broken: failed', 'flaky: not completed', '"b1"'])
      expect(text.out).toContain(fact);
    expect(JSON.parse(json.out)).toMatchObject({
      id,
      type: 'batch.succeeded',
      attempts: 3,
      reason: expect.stringContaining('flaky'),
      handlers: { steady: 'succeeded', broken: 'failed' },
      unfinished: ['flaky'],
      event: { data: { id: 'b1' }, resource: { kind: 'batch', name: 'batches/b1' }, delivery: { strategy: 'hmac' } },
    });
    expect(text.out + json.out).not.toMatch(/whsec_|signature/i);
  });

  it('shows one by the id in the log line of its failure, and says where that is if given the id of the delivery', async () => {
    const errors = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    await fail({ id: 'b1' });
    const lines = errors.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('not be retried'));
    errors.mockRestore();
    const [, delivery = '', id = ''] = /(msg_[\w-]+).*failed event ([\w-]+)\)/.exec(lines[0] ?? '') ?? [];

    expect(lines).toHaveLength(2);
    expect(new Set(lines.map((line) => line.includes(`failed event ${id})`)))).toEqual(new Set([true]));
    expect(await failed('show', id)).toMatchObject({ code: 0, out: expect.stringContaining(id) });
    const byDelivery = await failed('show', delivery);
    expect(byDelivery).toMatchObject({ code: 1, err: expect.stringMatching(/no failed event "msg_.*log line of the/) });
  });

  it('replays one by id, without the handlers that have succeeded', async () => {
    await fail({ id: 'b1' }, { id: 'b2' });
    const [, { id } = { id: '' }] = await listed();
    isRepaired = true;
    const { code, out } = await failed('replay', id, id);
    await drained(opened.queue);

    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/\b1\b/) });
    expect(runs).toEqual({ steady: ['b1', 'b2'], broken: ['b1', 'b2', 'b1'] });
    expect(await listed()).toHaveLength(1);
  });

  it('replays all that match, from the start', async () => {
    await fail({ id: 'b1' }, { id: 'b2', type: 'batch.failed' }, { id: 'b3' });
    isRepaired = true;
    const some = await failed('replay', '--all', '--type', 'batch.succeeded', '--from', 'start', '--json');
    await drained(opened.queue);

    expect(JSON.parse(some.out)).toEqual({ replayed: 2 });
    expect(runs.steady.toSorted()).toEqual(['b1', 'b1', 'b2', 'b3', 'b3']);
    expect((await listed()).map(({ type }) => type)).toEqual(['batch.failed']);
    expect(JSON.parse((await failed('replay', '--all', '--yes', '--json')).out)).toEqual({ replayed: 1 });
    await drained(opened.queue);
    expect(await listed()).toEqual([]);
  });

  it('discards by id and by filter, without running a handler', async () => {
    await fail({ id: 'b1' }, { id: 'b2', type: 'batch.failed' }, { id: 'b3', type: 'batch.failed' });
    const before = structuredClone(runs);
    const [, , { id } = { id: '' }] = await listed();

    expect(await failed('discard', id)).toMatchObject({ code: 0, out: expect.stringMatching(/\b1\b/) });
    await drained(opened.queue);
    const all = await failed('discard', '--all', '--type', 'batch.failed', '--yes', '--json');
    await drained(opened.queue);
    await fail({ id: 'b1' });

    expect(JSON.parse(all.out)).toEqual({ discarded: 2 });
    expect(await listed()).toEqual([]);
    expect(runs).toEqual(before);
  });

  it('exits with 1 for an id that is not failed, after the others', async () => {
    await fail({ id: 'b1' });
    const [{ id } = { id: '' }] = await listed();
    isRepaired = true;

    for (const name of ['show', 'replay', 'discard']) {
      const { code, err } = await failed(name, 'unheard-of');
      expect({ name, code }).toEqual({ name, code: 1 });
      expect(err).toContain('unheard-of');
    }
    expect(await failed('replay', 'unheard-of', id)).toMatchObject({ code: 1, out: expect.stringMatching(/\b1\b/) });
    await drained(opened.queue);
    expect(await listed()).toEqual([]);
  });

  it('changes nothing after the user has stopped it, and says so', async () => {
    await fail({ id: 'b1' });
    const { code, err } = await cli(['failed', 'replay', '--all', '--yes', '--queue', opened.name], {
      env: { GEMINI_WEBHOOK_INBOX_URL: url },
      stopped: () => Promise.resolve(),
    });

    expect(code).toBe(1);
    expect(err).toContain('stopped');
    expect(await listed()).toHaveLength(1);
  });

  it('finds the queue of a module instance', async () => {
    const instance = opened.name;
    const own = testQueue(url, `gemini-webhooks-${instance}`);
    const { origin: other } = await startDurableApp(own, [
      handlerOf('broken', () => {
        throw new UnrecoverableEventError('no');
      }),
    ]);
    await deliverUntilTaken(other, { id: 'b9' });
    await drained(own.queue);
    const { out } = await cli(['failed', 'list', '--url', url, '--instance', instance, '--json']);

    expect(JSON.parse(out)).toMatchObject([{ resource: { name: 'batches/b9' } }]);
  });

  it('ends its process, without waiting for connections', async () => {
    await fail({ id: 'b1' });
    const command = new Command(process.execPath, [BIN, 'failed', 'list', '--json', '--queue', opened.name], {
      GEMINI_WEBHOOK_INBOX_URL: url,
    });
    const { code, stdout, stderr } = await command.finished();

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toHaveLength(1);
  });

  it.each(['list', 'show e1', 'replay e1', 'discard e1', 'replay --all --yes'])(
    'exits with 2 for "%s" in a queue that does not exist, and says how queues are named',
    async (args) => {
      const env = { GEMINI_WEBHOOK_INBOX_URL: url };
      const { code, out, err } = await cli(['failed', ...args.split(' '), '--instance', 'unheard-of'], { env });

      expect({ code, out }).toEqual({ code: 2, out: '' });
      for (const fact of ['"gemini-webhooks-unheard-of"', '--instance', '--queue', 'queueName', 'starts'])
        expect(err).toContain(fact);
    },
  );

  it('exits with 0 for an app that has received no event yet', async () => {
    // BullMQ records the queue soon after the app has started.
    await until(async () => (await failed('list')).code === 0);
    expect(await failed('list')).toEqual({ code: 0, out: '', err: `The queue ${opened.name} has no failed events.` });
    expect(await failed('list', '--json')).toEqual({ code: 0, out: '[]', err: '' });
    expect(await failed('replay', '--all', '--yes', '--json')).toMatchObject({ code: 0, out: '{"replayed":0}' });
  });

  it('creates nothing in a store without an inbox', async () => {
    const { code, err } = await failed('list', '--prefix', 'no_inbox_here');

    expect(code).toBe(url.startsWith('redis') ? 2 : 1);
    expect(err).not.toBe('');
    if (url.startsWith('redis')) {
      const redis = new Redis(url);
      expect(await redis.keys('no_inbox_here*')).toEqual([]);
      redis.disconnect();
    } else {
      expect(err).toContain('no_inbox_here');
    }
  });
});

describe.each([
  ['redis', 'redis://app:s3cret-word@127.0.0.1'],
  ['postgres', 'postgres://app:s3cret-word@127.0.0.1'],
])('failed with a %s server', (_name, address) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('that is not there, exits with 1, the reason and no password', async () => {
    const { code, out, err } = await cli(['failed', 'list', '--url', `${address}:1/`]);

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('ECONNREFUSED');
    expect(err).not.toContain('s3cret');
  });

  it('that does not answer, exits with 1 within about 10 s', async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const startedAt = performance.now();
    const { port } = server.address() as AddressInfo;
    const command = new Command(process.execPath, [BIN, 'failed', 'replay', 'e1', '--url', `${address}:${port}/`]);
    const { code, stdout, stderr } = await command.finished();

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/did not answer|timeout/i);
    expect(stderr).not.toContain('s3cret');
    expect(performance.now() - startedAt).toBeLessThan(13_000);
  });

  it('that does not answer, ends on Ctrl+C', async () => {
    const connected = once(server, 'connection');
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const command = new Command(process.execPath, [BIN, 'failed', 'replay', 'e1', '--url', `${address}:${port}/`]);
    await connected;
    const startedAt = performance.now();
    const { code, stdout } = await command.end('SIGINT');

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
