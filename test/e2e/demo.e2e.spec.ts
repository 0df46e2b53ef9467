import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Command, killCommands, type Finished } from '../support/command.js';

/** Builds the sample, which imports the package as built, and runs it as `npm run demo` does. */
const nestStart = (...args: string[]) =>
  new Command(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'start', 'sample', '--', '--tour', ...args]);
const demo = (...args: string[]) => new Command(process.execPath, ['sample/dist/demo/main.js', '--tour', ...args]);
const count = (text: string, what: string) => text.split(what).length - 1;

let tour: Finished;

beforeAll(async () => {
  tour = await nestStart('--once').finished();
}, 120_000);

afterEach(killCommands);

describe('the tour, run once', () => {
  it('ends with exit code 0 and says that all went as it should', () => {
    expect(tour.code).toBe(0);
    expect(tour.stdout).toContain('10 of 10 went as they should.');
    expect(tour.stdout).not.toContain('✗ not as expected');
  });

  it.each([
    ['a batch by a static webhook', 'batch, static', '200 processed, 2 methods'],
    ['a duplicate', 'batch, sent twice', '200 duplicate + 200 processed, 2 methods'],
    ['a video by a dynamic webhook', 'video, dynamic', '200 processed, 2 methods, completed()'],
    ['a batch by a dynamic webhook', 'batch, dynamic', '200 processed, 2 methods'],
    ['a job whose webhook is lost', 'webhook lost', 'no delivery, 2 methods, completed(), 1 look-up'],
    ["another project's delivery", "another project's", '200 processed + 403 unbound_delivery, 2 methods'],
    ['a forged delivery', 'forged', '401 signature_mismatch, no methods'],
    ['a stale delivery', 'stale', '400 timestamp_out_of_tolerance, no methods'],
    ['a delivery whose handler fails', 'a method fails', '500 handler_failed, 2 methods'],
    ["Gemini's retry of it", "Gemini's retry", '200 processed, 1 method'],
  ])('sums up %s as expected and got', (_what, name, outcome) => {
    const row = tour.stdout.split('\n').find((line) => line.startsWith(` ✓ ${name} `));

    expect(row?.split(/ {2,}/).slice(1)).toEqual([outcome, outcome]);
  });

  it.each([
    ['401', 'signature_mismatch: The signature does not verify'],
    ['403', 'unbound_delivery: The delivery does not belong to this deployment'],
    ['400', 'timestamp_out_of_tolerance: The webhook timestamp is too far from the present'],
    ['500', 'handler_failed: The event could not be handled'],
  ])('says that it answered %s, and why', (status, reason) => {
    expect(tour.stdout).toMatch(new RegExp(`← ${status} +${reason}\n`));
  });

  it.each([
    ['BatchHandlers.publish', /batches\/(\w+)… is done, its results are at files\/batch-\1…$/, 4],
    ['VideoHandlers.deliver', /the video of order A-1[78] is at$/, 2],
    ['BatchHandlers.alert', /batches\/\w+…: somebody was paged \(attempt 2\)$/, 1],
    ['AuditHandlers.record', /batch\.failed, msg_\w+…, vouched for by hmac$/, 1],
    ['AuditHandlers.record', /vouched for by hmac$/, 3],
    ['AuditHandlers.record', /vouched for by jwks$/, 3],
    ['AuditHandlers.record', /batch\.succeeded, reconciled_\w+…, vouched for by reconciled$/, 1],
    ['completed()', /video\.generated, to whoever waits for the job$/, 1],
    ['completed()', /batch\.succeeded, to whoever waits for the job$/, 1],
  ])('shows that %s got %s (lines: %d)', (handler, data, times) => {
    const lines = tour.stdout.split('\n').filter((line) => line.includes(`▸ ${handler} `) && data.test(line));

    expect(lines).toHaveLength(times);
  });

  it('shows that Gemini is asked about a job only when its webhook is lost', () => {
    const scenes = tour.stdout.split(/\n(?=\d+ {2})/);
    const lookedUp = scenes.filter((scene) => scene.includes('· look-ups '));

    expect(lookedUp).toHaveLength(1);
    expect(lookedUp[0]).toContain('! no webhook');
    expect(lookedUp[0]).not.toContain('→');
  });

  it('prints no stack, no colour codes without a terminal, and no binding token', () => {
    expect(tour.stdout).not.toMatch(/^ +at /m);
    expect(tour.stdout).not.toContain('\u001B[');
    expect(tour.stdout).toContain('?gemini_binding=… ');
  });

  it('has colours where they are asked for, and its own settings whatever the shell has set', async () => {
    const shell = {
      FORCE_COLOR: '1',
      GEMINI_WEBHOOK_PATH: 'hooks/:project',
      GEMINI_WEBHOOK_SECRET: 'of another app',
      GOOGLE_API_KEY: 'of another project',
      GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9',
      GOOGLE_GENAI_USE_VERTEXAI: 'true',
    };
    const command = new Command(process.execPath, ['sample/dist/demo/main.js', '--tour', '--once'], shell);

    const { code, stdout } = await command.finished();

    expect(code).toBe(0);
    expect(stdout).toContain('\u001B[32m✓\u001B[39m forged');
  }, 30_000);

  it('ends with exit code 1 and marks the delivery when one answer is not as it should be', async () => {
    const takeForged = `data:text/javascript,${encodeURIComponent(`
      const real = globalThis.fetch;
      globalThis.fetch = async (...request) => {
        const answer = await real(...request);
        return answer.status === 401 ? Response.json({ status: 'processed' }) : answer;
      };
    `)}`;
    const args = ['--import', takeForged, 'sample/dist/demo/main.js', '--tour', '--once'];
    const command = new Command(process.execPath, args);

    const { code, stdout } = await command.finished();

    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ forged +401 signature_mismatch, no methods +200 processed, no methods\n/);
    expect(stdout).toContain('9 of 10 went as they should.');
    expect(count(stdout, '✗ not as expected')).toBe(1);
  }, 30_000);
});

describe("the tour's command line", () => {
  it.each([
    ['an unknown option', ['--onec'], "Unknown option '--onec'"],
    ['a word that is no option', ['once'], "Unexpected argument 'once'"],
    ['a port that is none', ['--port', 'http'], '--port: got "http"'],
    ['a port out of range', ['--port', '65536'], '--port: got "65536"'],
  ])(
    'refuses %s with a message and exit code 1',
    async (_what, args, message) => {
      const { code, stdout, stderr } = await demo(...args).finished();

      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(message);
    },
    30_000,
  );

  it('hands its options through `nest start`', async () => {
    const { code, stdout } = await nestStart('--help').finished();

    expect(code).toBe(0);
    expect(stdout).toContain('npm run demo -- --tour --once');
  }, 60_000);

  it('says so when the port is in use, with exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const { code, stdout, stderr } = await demo('--once', '--port', String(port)).finished();
    server.close();

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port} (EADDRINUSE). Give another --port, or none.\n`);
    expect(stderr).not.toMatch(/^ +at /m);
  }, 30_000);
});

describe('the tour, without --once', () => {
  it('stays up, takes what the printed command sends, and ends with exit code 0 on SIGINT', async () => {
    const command = demo();
    await command.printed('Ctrl+C ends the app.');
    const [sendAgain = ''] = /node --input-type=module -e "[^"]+"/.exec(command.stdout) ?? [];

    const first = await new Command('sh', ['-c', sendAgain]).finished();
    const second = await new Command('sh', ['-c', sendAgain]).finished();
    const { code, stdout } = await command.end('SIGINT');

    expect([first.stdout, second.stdout]).toEqual(['200 {"status":"processed"}\n', '200 {"status":"duplicate"}\n']);
    expect(count(stdout, 'batches/mine is done, its results are at files/mine\n')).toBe(1);
    expect(code).toBe(0);
  }, 30_000);

  it('ends with exit code 0 on SIGTERM', async () => {
    const command = demo();
    await command.printed('Ctrl+C ends the app.');

    expect(await command.end('SIGTERM')).toMatchObject({ code: 0 });
  }, 30_000);
});
