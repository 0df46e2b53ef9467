import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SimulatorFault } from '../../lib/testing/index.js';
import { Command, killCommands } from '../support/command.js';
import { endShowcases, isAlive, Showcase } from '../support/showcase.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const demo = (...args: string[]) => new Command(process.execPath, ['sample/showcase/main.js', ...args]);

/** Runs the demo once, with faults that the page does not offer. */
const startWithFaults = (faults: readonly SimulatorFault[]) =>
  Showcase.start(['--once'], {
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'fixtures', 'inject-faults.js')).href}`,
    SIMULATOR_FAULTS: JSON.stringify(faults),
  });

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
    expect(resultsOf(run)).toEqual({
      batch: '980 good, 20 failed',
      film: '12 scenes in 3 files',
      research: expect.stringMatching(/^a report of \d+ words$/),
    });
    expect(run.stdout).toContain('3 of 3 workflows succeeded.');
  });

  it('exits with 1 if workflows fail, and reports why each of them did', async () => {
    const run = await startWithFaults([
      { fault: 'end', kind: 'batch', end: 'failed' },
      { fault: 'end', kind: 'video', end: 'filtered', times: 2 },
      { fault: 'end', kind: 'interaction', end: 'failed' },
    ]);

    expect(await run.ended()).toBe(1);
    expect(resultsOf(run)).toEqual({
      batch: expect.stringMatching(/^failed: batch\.failed: /),
      film: 'failed: Scene 1: video.failed, filtered',
      research: expect.stringMatching(/^failed: interaction\.failed: /),
    });
  });

  it('finishes a film with a softened prompt after one of its scenes was refused', async () => {
    const run = await startWithFaults([{ fault: 'end', kind: 'video', end: 'filtered', times: 1 }]);

    expect(await run.ended()).toBe(0);
    expect(resultsOf(run)).toMatchObject({ film: '12 scenes in 3 files' });
  });

  it('ends everything on Ctrl+C, PostgreSQL included', async () => {
    const run = await Showcase.start();
    await run.printed('have started');
    const processes = run.descendants();

    expect(processes.length).toBeGreaterThan(2);
    expect(await run.interrupt()).toBe(0);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(run.stderr).toBe('');
  });

  it('leaves no PostgreSQL behind when it is killed', async () => {
    const run = await Showcase.start();
    await run.printed('Bull Board');
    const processes = run.descendants();
    await run.interrupt('SIGKILL');

    await until(() => processes.every((pid) => !isAlive(pid)));
    expect(processes.length).toBeGreaterThan(2);
  });

  it('requires a login for the page but not for webhooks with the real API, and starts nothing', async () => {
    const run = await Showcase.start([], {
      GEMINI_API_KEY: 'a key',
      GEMINI_WEBHOOK_PUBLIC_URL: 'https://app.example',
      GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9',
      SAMPLE_ADMIN_PASSWORD: 'open sesame',
    });
    await run.printed('Start workflows on the page.');
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
    expect(run.stdout).not.toContain('have started');
  });

  it.each([
    ['an unknown option', ['--onec'], "Unknown option '--onec'"],
    ['a removed option', ['--fleet'], "Unknown option '--fleet'"],
    ['a word that is not an option', ['once'], "Unexpected argument 'once'"],
    ['a port that is not a number', ['--port', 'http'], '--port: got "http"'],
    ['a port out of range', ['--port', '65536'], '--port: got "65536"'],
  ])('rejects %s before it starts anything', async (_what, args, message) => {
    const { code, stdout, stderr } = await demo(...args).finished();

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('exits with 1 if the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await demo('--port', String(port)).finished();
    server.close();

    expect(code).toBe(1);
    expect(stderr).toBe(`Port ${port} cannot be used (EADDRINUSE). Give another by --port, or none.\n`);
  });

  it('lists its options with --help', async () => {
    const { code, stdout } = await demo('--help').finished();

    expect(code).toBe(0);
    for (const option of ['--once', '--port', 'DATABASE_URL', 'GEMINI_WEBHOOK_PUBLIC_URL'])
      expect(stdout).toContain(option);
  });
});
