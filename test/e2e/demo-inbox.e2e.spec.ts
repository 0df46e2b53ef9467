import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Command, killCommands, type Finished } from '../support/command.js';
import { STORES } from '../support/stores.js';

const run = promisify(execFile);
const demo = (...args: string[]) => new Command(process.execPath, ['sample/dist/demo/main.js', ...args]);

/** Lines of the step with this number, without what is random in them. */
const step = ({ stdout }: Finished, number: number) => {
  const [, rest = ''] = stdout.split(`\n${number}  `);
  return (rest.split('\n\n')[0] ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replace(/ {2,}/g, ' '))
    .map((line) => line.replaceAll(/(msg_|batches\/)\w+…/g, '$1…'));
};

beforeAll(async () => {
  // The sample imports the package as built.
  for (const project of ['lib', 'sample'])
    await run(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build', project]);
}, 120_000);

afterEach(killCommands);

describe.each(STORES)('the tour with its inbox on $name, run once', ({ url }) => {
  let tour: Finished;

  beforeAll(async () => {
    tour = await demo('--once', '--inbox', url).finished();
  }, 60_000);

  it('ends with exit code 0 and says that all went as it should', () => {
    expect(tour.stderr).toBe('');
    expect(tour.stdout).toContain('10 of 10 went as they should.');
    expect(tour.code).toBe(0);
  });

  it.each([
    ['a batch by a static webhook', 'batch, static', '202 accepted, 2 methods'],
    ['a duplicate', 'batch, sent twice', '202 accepted + 202 accepted, 2 methods'],
    ['a video by a dynamic webhook', 'video, dynamic', '202 accepted, 2 methods, completed()'],
    ['a batch by a dynamic webhook', 'batch, dynamic', '202 accepted, 2 methods'],
    ['a job whose webhook is lost', 'webhook lost', 'no delivery, 2 methods, completed(), 1 look-up'],
    ["another project's delivery", "another project's", '202 accepted + 403 unbound_delivery, 2 methods'],
    ['a forged delivery', 'forged', '401 signature_mismatch, no methods'],
    ['a stale delivery', 'stale', '400 timestamp_out_of_tolerance, no methods'],
    ['a delivery whose handler fails', 'a method fails', '202 accepted, 2 methods, 3 runs'],
    ['a delivery whose worker is killed', 'the worker is killed', '202 accepted, 2 methods'],
  ])('sums up %s as expected and got', (_what, name, outcome) => {
    const row = tour.stdout.split('\n').find((line) => line.startsWith(` ✓ ${name} `));

    expect(row?.split(/ {2,}/).slice(1)).toEqual([outcome, outcome]);
  });

  it('shows that the worker tries the method that failed again, and only that one', () => {
    const lines = step(tour, 9);

    expect(lines.slice(0, 2)).toEqual(['→ batch.failed POST /gemini/webhooks msg_…, signed v1', '← 202 accepted']);
    expect(lines.filter((line) => line.startsWith('▸ AuditHandlers.record'))).toHaveLength(1);
    expect(lines.some((line) => line.startsWith('✗ GeminiWebhooks BatchHandlers.alert failed'))).toBe(true);
    expect(lines.at(-1)).toBe('▸ BatchHandlers.alert batches/…: somebody was paged (attempt 2)');
  });

  it('shows that the worker is killed in the middle of a method, which alone runs again, at no cost of an attempt', () => {
    expect(step(tour, 10)).toEqual([
      '→ batch.failed POST /gemini/webhooks msg_…, signed v1',
      '← 202 accepted',
      '▸ AuditHandlers.record batch.failed, msg_…, vouched for by hmac',
      '✗ the worker killed in the middle of BatchHandlers.alert (SIGKILL)',
      '· the worker started again; it takes over what has shown no sign of life',
      '▸ BatchHandlers.alert batches/…: somebody was paged (attempt 1)',
    ]);
  });

  it('prints no stack, no binding token and nothing of its store', () => {
    expect(tour.stdout).not.toMatch(/^ +at /m);
    expect(tour.stdout).toContain('?gemini_binding=… ');
    expect(tour.stdout).not.toContain(new URL(url).host);
  });
});

describe.each(STORES)('the tour with its inbox on $name, without --once', ({ url }) => {
  it('stays up, hands what the printed command sends to the worker once, and ends with exit code 0 on SIGINT', async () => {
    const command = demo('--inbox', url);
    await command.printed('Ctrl+C ends the app.');
    const [sendAgain = ''] = /node --input-type=module -e "[^"]+"/.exec(command.stdout) ?? [];

    const first = await new Command('sh', ['-c', sendAgain]).finished();
    await command.printed('batches/mine is done, its results are at files/mine\n');
    const second = await new Command('sh', ['-c', sendAgain]).finished();
    const { code, stdout } = await command.end('SIGINT');

    expect([first.stdout, second.stdout]).toEqual(Array(2).fill('202 {"status":"accepted"}\n'));
    expect(stdout.split('batches/mine is done').length - 1).toBe(1);
    expect(code).toBe(0);
  }, 60_000);
});

describe("the tour's --inbox", () => {
  it.each([
    ['a word that it does not know', 'mysql', '--inbox: give inline, postgres, or a redis:// or postgres:// URL.'],
    ['a URL of another kind', 'https://user:secret@example.com', '--inbox: give inline, postgres, or'],
  ])(
    'refuses %s with a message that repeats nothing of it, and exit code 1',
    async (_what, inbox, message) => {
      const { code, stdout, stderr } = await demo('--inbox', inbox).finished();

      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain('secret');
    },
    30_000,
  );

  it.each(['redis', 'postgres'])(
    'says so when nothing answers at a %s URL, with exit code 1',
    async (scheme) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.close();

      const { code, stderr } = await demo('--once', '--inbox', `${scheme}://user:secret@127.0.0.1:${port}`).finished();

      expect(code).toBe(1);
      expect(stderr).toContain(`--inbox: the store at 127.0.0.1:${port} cannot be used: `);
      expect(stderr).not.toContain('secret');
    },
    30_000,
  );
});
