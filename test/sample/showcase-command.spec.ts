import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SimulatorFault } from '../../lib/testing/index.js';
import { Command, killCommands } from '../support/command.js';
import { endShowcases, isAlive, Showcase } from '../support/showcase.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const demo = (...args: string[]) => new Command(process.execPath, ['sample/showcase/main.js', ...args]);

/** Loads a fixture into every process of the demo. */
const loading = (fixture: string) => ({
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'fixtures', fixture)).href}`,
});

/** Runs the demo once, with faults that the page does not offer. */
const startWithFaults = (faults: readonly SimulatorFault[]) =>
  Showcase.start(['--once'], { ...loading('inject-faults.js'), SIMULATOR_FAULTS: JSON.stringify(faults) });

/** The last column of the table, by workflow. */
function resultsOf({ stdout }: Showcase): Record<string, string> {
  const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  const results = rows.filter(([name = '', ...cells]) => /^(batch|film|research)$/.test(name) && cells.length === 3);
  return Object.fromEntries(results.map((cells) => [cells[0], cells[3]])) as Record<string, string>;
}

afterEach(async () => {
  killCommands();
  await endShowcases();
});

describe('npm run demo', () => {
  it('runs the three workflows with --once and exits with 0, even with variables for another app', async () => {
    const run = await Showcase.start(['--once'], {
      GEMINI_API_KEY: 'of another project',
      GEMINI_WEBHOOK_SECRET: 'of another app',
      GEMINI_WEBHOOK_AUDIENCE: 'https://another.example',
      GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9',
      GOOGLE_GENAI_USE_VERTEXAI: 'true',
    });

    expect(await run.ended()).toBe(0);
    expect(run.stderr).toBe('');
    const results = resultsOf(run);
    expect(results['batch']?.match(/\d+/g)).toEqual(['980', '20']);
    expect(results['film']?.match(/\d+/g)).toEqual(['12', '3']);
    expect(Number(results['research']?.match(/\d+/g))).toBeGreaterThan(0);
  });

  it('exits with 1 if workflows fail, and reports why each of them did', async () => {
    const run = await startWithFaults([
      { fault: 'end', kind: 'batch', end: 'failed' },
      { fault: 'end', kind: 'video', end: 'filtered', times: 2 },
      { fault: 'end', kind: 'interaction', end: 'failed' },
    ]);

    expect(await run.ended()).toBe(1);
    expect(resultsOf(run)).toEqual({
      batch: expect.stringContaining('batch.failed'),
      film: expect.stringMatching(/\b1\b.*video\.failed.*filtered/),
      research: expect.stringContaining('interaction.failed'),
    });
  });

  it('finishes a film with a softened prompt after one of its scenes was refused', async () => {
    const run = await startWithFaults([{ fault: 'end', kind: 'video', end: 'filtered', times: 1 }]);

    expect(await run.ended()).toBe(0);
    expect(resultsOf(run)['film']?.match(/\d+/g)).toEqual(['12', '3']);
  });

  it('ends everything on Ctrl+C, PostgreSQL included', async () => {
    const run = await Showcase.start();
    await run.printed(/\bbatch\b.*\bfilm\b.*\bresearch\b/);
    const processes = run.descendants();

    expect(processes.length).toBeGreaterThan(2);
    expect(await run.interrupt()).toBe(0);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(run.stderr).toBe('');
  });

  it('leaves no PostgreSQL behind when it is killed', async () => {
    const run = await Showcase.start();
    await run.printed(run.origin);
    const processes = run.descendants();
    await run.interrupt('SIGKILL');

    await until(() => processes.every((pid) => !isAlive(pid)));
    expect(processes.length).toBeGreaterThan(2);
  });

  it('requires a login for the page but not for webhooks with the real API, and starts nothing', async () => {
    const requests: (string | undefined)[] = [];
    const gemini = createHttpServer(({ url }, response) => {
      requests.push(url);
      response.writeHead(500).end();
    }).listen(0, '127.0.0.1');
    await once(gemini, 'listening');
    const run = await Showcase.start([], {
      GEMINI_API_KEY: 'a key',
      GEMINI_WEBHOOK_PUBLIC_URL: 'https://app.example',
      GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${(gemini.address() as AddressInfo).port}`,
      SAMPLE_ADMIN_PASSWORD: 'open sesame',
    });
    await run.printed(run.origin);
    const statusOf = async (path: string, options: RequestInit = {}) =>
      (await fetch(run.origin + path, options)).status;
    const json = { 'content-type': 'application/json' };
    const login = { authorization: `Basic ${Buffer.from('admin:open sesame').toString('base64')}` };

    expect(await statusOf('/')).toBe(401);
    expect(await statusOf('/api/live')).toBe(401);
    expect(await statusOf('/', { headers: { authorization: `Basic ${btoa('admin:wrong')}` } })).toBe(401);
    expect(await statusOf('/', { headers: login })).toBe(200);
    expect(
      await statusOf('/api/fault', {
        method: 'PUT',
        headers: { ...login, ...json },
        body: '{"fault":"lose"}',
      }),
    ).toBe(404);
    const webhook = await fetch(`${run.origin}/gemini/webhooks`, { method: 'POST', headers: json, body: '{}' });
    expect([webhook.status, await webhook.json()]).toMatchObject([400, { code: 'missing_header' }]);
    gemini.close();
    expect(requests).toEqual([]);
  });

  it.each([
    ['an unknown option', ['--onec']],
    ['a removed option', ['--fleet']],
    ['a word that is not an option', ['once']],
    ['a port that is not a number', ['--port', 'http']],
    ['a port out of range', ['--port', '65536']],
  ])('rejects %s before it starts anything', async (_what, args) => {
    const { code, stdout, stderr } = await demo(...args).finished();

    expect([code, stdout]).toEqual([1, '']);
    for (const argument of args) expect(stderr).toContain(argument);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('exits with 1 if the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await demo('--port', String(port)).finished();
    server.close();

    expect(code).toBe(1);
    for (const fact of [String(port), 'EADDRINUSE', '--port']) expect(stderr).toContain(fact);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('exits with 1 and the reason if PostgreSQL does not start', async () => {
    const run = await Showcase.start([], loading('refuse-settings.js'));

    expect(await run.ended()).toBe(1);
    expect(run.stderr).toMatch(/PostgreSQL does not start.*max_connections.*Set DATABASE_URL to use another/s);
  });

  it('lists its options with --help', async () => {
    const { code, stdout } = await demo('--help').finished();

    expect(code).toBe(0);
    for (const option of ['--once', '--port', 'DATABASE_URL', 'GEMINI_WEBHOOK_PUBLIC_URL'])
      expect(stdout).toContain(option);
  });
});
