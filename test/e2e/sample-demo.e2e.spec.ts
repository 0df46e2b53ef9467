import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { killCommands } from '../support/command.js';
import { buildDemo, SampleDemo } from '../support/sample-demo.js';
import { STORES } from '../support/stores.js';

jest.setTimeout(60_000);

const ALL_GOOD = '3 of 3 workflows have succeeded';
const ON_STORES = STORES.map(({ name, url }) =>
  name === 'Redis'
    ? { store: 'its inbox on Redis', env: { REDIS_URL: url } }
    : { store: name, env: { DATABASE_URL: url } },
);

let demo: SampleDemo;
let server: Server | undefined;

beforeAll(buildDemo, 120_000);

afterEach(async () => {
  killCommands();
  server?.close();
  await demo.remove();
});

describe('the demo, run once', () => {
  it.each([{ store: 'what comes with the sample', env: {} }, ...ON_STORES])(
    'shows three workflows that succeed, ends with exit code 0, and leaves nothing running, on $store',
    async ({ env }) => {
      demo = await SampleDemo.prepare(env);

      const { code, stdout, stderr } = await demo.start('--once').finished();

      expect(stderr).toBe('');
      expect(stdout).toContain(ALL_GOOD);
      expect(stdout).toMatch(/✓ batch +[\d.]+ s +5,000\/5,000 results +\d+ +4,900 good, 100 failed\n/);
      expect(stdout).toMatch(/✓ film +[\d.]+ s +148\/148 seconds +\d+ +148 s of film\n/);
      expect(stdout).toMatch(/✓ research +[\d.]+ s +3\/3 steps +\d+ +a report of \d+ words\n/);
      expect(stdout).toContain('Nobody has decided on the budget on the page: it is approved from here.');
      expect(code).toBe(0);
      expect(demo.left()).toEqual([]);
    },
  );
});

describe('the fleet', () => {
  it('awaits the batch where its webhook did not come, has a worker killed, and loses nothing', async () => {
    demo = await SampleDemo.prepare();

    const { code, stdout } = await demo.start('--fleet', '--once').finished();

    expect(stdout).toContain(ALL_GOOD);
    expect(stdout).toMatch(
      /The batch was awaited in a process of its own and got batch\.succeeded there; its webhook /,
    );
    expect(stdout).toMatch(/! worker-1 has died \(SIGKILL\): started again in 0\.25 s\.\n/);
    expect(stdout).toMatch(/✓ worker-1 \(process \d+\) was killed \(SIGKILL\) in the middle: nothing was lost\./);
    expect(code).toBe(0);
  });
});

describe('the port of the demo', () => {
  const occupied = async (port: number) => {
    server = createServer((_request, response) => response.end('{}')).listen(port, '127.0.0.1');
    await Promise.race([once(server, 'listening'), once(server, 'error').catch(() => undefined)]);
    return (server.address() as AddressInfo | null)?.port ?? port;
  };

  it('is named when it is in use, with exit code 1', async () => {
    demo = await SampleDemo.prepare();
    const port = await occupied(0);

    const { code, stderr } = await demo.startWith('--once', '--port', String(port)).finished();

    expect(stderr).toMatch(new RegExp(`^Port ${port} is in use by .+: give another --port\\.\n$`));
    expect(code).toBe(1);
    expect(demo.left()).toEqual([]);
  });

  it('is the next one that is free when the usual one is in use', async () => {
    demo = await SampleDemo.prepare();
    await occupied(3000);
    const run = demo.startWith();

    await run.printed('Bull Board');
    const { code, stdout } = await run.end('SIGINT');

    const [, port] = /Port 3000 is in use by .+: the page is on (30\d\d)\./.exec(stdout) ?? [];
    expect(stdout).toContain(`The page     http://127.0.0.1:${port}/\n`);
    expect(code).toBe(0);
    expect(demo.left()).toEqual([]);
  });
});

describe("the demo's command line", () => {
  it.each([
    ['an unknown option', ['--onec'], "Unknown option '--onec'. See npm run demo -- --help.\n"],
    ['a port that is none', ['--port', 'http'], '--port: got "http". Give a number from 1 to 65535.\n'],
  ])('refuses %s with exit code 1', async (_what, args, message) => {
    demo = await SampleDemo.prepare();

    expect(await demo.startWith(...args).finished()).toEqual({ code: 1, stdout: '', stderr: message });
  });

  it.each([
    ['DATABASE_URL', 'postgres://me:secret@127.0.0.1:1/mine', 'the server at 127.0.0.1:1 cannot be used ('],
    ['DATABASE_URL', 'mysql://me:secret@127.0.0.1/mine', 'no URL of such a server'],
    ['REDIS_URL', 'redis://:secret@127.0.0.1:1', 'the server at 127.0.0.1:1 cannot be used ('],
  ])('says so when %s leads nowhere, without its password', async (variable, url, message) => {
    demo = await SampleDemo.prepare({ [variable]: url });

    const { code, stdout, stderr } = await demo.start('--once').finished();

    expect(code).toBe(1);
    expect(stderr).toContain(variable);
    expect(stderr).toContain(message);
    expect(stdout + stderr).not.toContain('secret');
    expect(demo.left()).toEqual([]);
  });

  it('says what it does', async () => {
    demo = await SampleDemo.prepare();

    const { code, stdout } = await demo.startWith('--help').finished();

    expect(code).toBe(0);
    expect(stdout).toContain('npm run demo -- --once ');
    expect(stdout).toContain('npm run demo -- --tour ');
  });
});
