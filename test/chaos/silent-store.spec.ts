import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses } from './support/app-process.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';
import { each, idsOf, timed, type TimedAnswer } from './support/load.js';
import { SilentServer } from './support/silent-server.js';

/** The contract's 2 s plus a margin for a busy machine. */
const ANSWER_MS = 2_500;
const CLOSE_MS = 8_000;
const EVENTS = times(150, 500);
const AT_FIRST = times(50, 100);
const BODY_BYTES = 50_000;

jest.setTimeout(120_000);

let journal: Journal;
let server: SilentServer;

beforeEach(() => {
  journal = new Journal();
});

afterEach(async () => {
  await killAppProcesses();
  server.stop();
  journal.remove();
});

const deliverAll = async (app: AppProcess, count: number): Promise<TimedAnswer[]> => {
  const answers: TimedAnswer[] = [];
  const data = { pad: 'x'.repeat(BODY_BYTES) };
  await each(idsOf(count), 50, async (id) => answers.push(await timed(app.origin, id, data)));
  return answers;
};

function expectRefusedInTime(answers: readonly TimedAnswer[]): void {
  expect(new Set(answers.map(({ status, code }) => `${status} ${String(code)}`))).toEqual(
    new Set(['503 inbox_unavailable']),
  );
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(ANSWER_MS);
}

describe.each(STORES)('a store that accepts connections and never answers, on $name', ({ url }) => {
  const inbox = () => ({ url: server.url(url), queueName: `silent-${randomUUID()}`, drainTimeoutMs: 2_000 });

  it('has every delivery refused in time from the start, and does not stop the app from closing', async () => {
    server = new SilentServer();
    await server.start();
    const app = await AppProcess.start({ journal, inbox: inbox() });
    expectRefusedInTime(await deliverAll(app, AT_FIRST));

    const { code, afterMs } = await app.close();
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(CLOSE_MS);
    expect(journal.uncaught()).toEqual([]);
  });

  it('has every delivery refused in time, leaves none in memory, and is used again when it answers', async () => {
    server = new SilentServer(url);
    await server.start();
    const app = await AppProcess.start({ journal, inbox: inbox() });
    const accepts = (id: string) => until(async () => (await timed(app.origin, id)).status === 202);
    await accepts('batch_0');
    server.silent = true;
    expectRefusedInTime(await deliverAll(app, AT_FIRST));
    const before = await app.memory();
    expectRefusedInTime(await deliverAll(app, EVENTS));
    await until(async () => (await app.memory()) - before < (EVENTS * BODY_BYTES) / 5, { everyMs: 200 });

    server.silent = false;
    await accepts('batch_9999');
    await until(() => journal.counts('done', 'steady').has('batch_9999'));
    expect(journal.uncaught()).toEqual([]);
  });
});
