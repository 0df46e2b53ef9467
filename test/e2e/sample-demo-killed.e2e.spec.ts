import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { killCommands } from '../support/command.js';
import { buildDemo, SampleDemo } from '../support/sample-demo.js';

jest.setTimeout(60_000);

const UP = 'Bull Board';
const ALL_GOOD = '3 of 3 workflows have succeeded';

let demo: SampleDemo;

beforeAll(buildDemo, 120_000);

beforeEach(async () => {
  demo = await SampleDemo.prepare();
});

afterEach(async () => {
  killCommands();
  await demo.remove();
});

/** Starts it, waits until the page is there, and ends it. */
async function startAndEnd(): Promise<string> {
  const run = demo.start();
  await run.printed(UP);
  const { code, stdout, stderr } = await run.end('SIGTERM');
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

describe('a demo that is killed in the middle', () => {
  it('is gone on with by the next one, on the same simulator and the same PostgreSQL', async () => {
    const killed = demo.start();
    await killed.printed('film      43/148 seconds');
    await killed.end('SIGKILL');
    const [simulator, postgres] = [demo.keptProcess('simulator'), demo.keptProcess('postgres')];

    const next = demo.start('--once');
    await next.printed('is taken over');
    const kept = [demo.keptProcess('simulator'), demo.keptProcess('postgres')];
    const { code, stdout } = await next.finished();

    expect(kept).toEqual([simulator, postgres]);
    expect(stdout).toContain('The film of the run before goes on.');
    expect(stdout).toContain(ALL_GOOD);
    expect(code).toBe(0);
    expect(demo.left()).toEqual([]);
  });

  it('is gone on with when what keeps PostgreSQL was killed too', async () => {
    const killed = demo.start();
    await killed.printed('film      43/148 seconds');
    await killed.end('SIGKILL');
    process.kill(demo.keptProcess('postgres'), 'SIGKILL');

    const { code, stdout } = await demo.start('--once').finished();

    expect(stdout).toContain('PostgreSQL of a killed run was still there: it is started anew.');
    expect(stdout).toContain(ALL_GOOD);
    expect(code).toBe(0);
    expect(demo.left()).toEqual([]);
  });

  it('is not disturbed by a second one while it lives', async () => {
    const first = demo.start();
    await first.printed(UP);

    const second = await demo.startWith('--once').finished();

    expect(second.stderr).toMatch(
      /^The demo runs already, by process \d+, with the data in .+\. End it first, or give /,
    );
    expect(second.code).toBe(1);
    await first.printed(ALL_GOOD);
    expect(await first.end('SIGTERM')).toMatchObject({ code: 0 });
  });

  it('says so and ends when the simulated Gemini is gone, with its jobs', async () => {
    const run = demo.start();
    await run.printed(UP);

    process.kill(demo.keptProcess('simulator'), 'SIGKILL');
    const { code, stderr } = await run.finished();

    expect(stderr).toMatch(/^The simulated Gemini has ended\. See .+logs, and start the demo again\.\n$/);
    expect(code).toBe(1);
  });
});

describe('what stale runs leave', () => {
  let stranger: Server | undefined;

  afterEach(() => {
    stranger?.close();
  });

  it('is not believed: notes of processes that are others by now, notes that are torn', async () => {
    stranger = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    writeFileSync(demo.in('simulator.json'), JSON.stringify({ pid: process.pid, url, token: 'x' }));
    writeFileSync(demo.in('postgres.json'), '{"pid":');

    expect(await startAndEnd()).not.toContain('taken over');
    expect(demo.left()).toEqual([]);
  });

  it('is cleared away: a database that was being set up', async () => {
    mkdirSync(demo.in('postgres.new'));
    writeFileSync(demo.in('postgres.new', 'PG_VERSION'), '18\n');

    expect(await startAndEnd()).not.toContain('!');
    expect(readdirSync(demo.folder)).not.toContain('postgres.new');
  });

  it('is set aside: a folder that is no database', async () => {
    mkdirSync(demo.in('postgres'));
    writeFileSync(demo.in('postgres', 'mine.txt'), 'mine');

    expect(await startAndEnd()).toMatch(/! The database in .+ is set aside as postgres\.old-\d+ \(it is no whole /);
    const aside = readdirSync(demo.folder).find((name) => name.startsWith('postgres.old-')) ?? '';
    expect(readFileSync(demo.in(aside, 'mine.txt'), 'utf8')).toBe('mine');
  });

  it('is set aside: a database of another PostgreSQL, and one that is damaged', async () => {
    await startAndEnd();
    writeFileSync(demo.in('postgres', 'PG_VERSION'), '12\n');

    expect(await startAndEnd()).toContain('(it is of PostgreSQL 12, and the one that is installed is 18)');

    writeFileSync(demo.in('postgres', 'global', 'pg_control'), 'torn');
    expect(await startAndEnd()).toMatch(/set aside as .+ \(PostgreSQL does not start with it: /);
  });

  it("is gone on with: a database whose note names a process that is somebody else's by now", async () => {
    await startAndEnd();
    const lock = [process.pid, demo.in('postgres'), 1_700_000_000, 1, '', '127.0.0.1', '', 'ready'];
    writeFileSync(demo.in('postgres', 'postmaster.pid'), `${lock.join('\n')}\n`);

    expect(await startAndEnd()).not.toContain('!');
    expect(demo.left()).toEqual([]);
  });
});
