import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { drained, openQueue } from '../support/queues.js';
import { until } from '../support/until.js';
import { AppProcess, killAppProcesses, type AppConfig } from './support/app-process.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';
import { Load, timed } from './support/load.js';
import { OWN_STORES, type OwnStore } from './support/own-stores.js';
import { freePort } from '../support/free-port.js';

const OUTAGES = times(2, 3);
/** Some take the 2 s that an answer may take. */
const REFUSALS = times(20, 100);
/** The contract's 2 s, and what a busy machine adds. */
const ANSWER_MS = 2_500;
/** Maximum time for closing while only the store is unavailable. */
const CLOSE_MS = 8_000;

jest.setTimeout(120_000);

describe.each(OWN_STORES)('an outage of the store on $name', ({ make }) => {
  let store: OwnStore;
  let journal: Journal;
  let both: AppConfig;

  const accepts = ({ origin }: AppProcess, id: string) => until(async () => (await timed(origin, id)).status === 202);
  const handled = (ids: readonly string[]) =>
    until(() => {
      const [steady, flaky] = [journal.counts('done', 'steady'), journal.counts('done', 'flaky')];
      return ids.every((id) => steady.has(id) && flaky.has(id));
    });

  beforeAll(async () => {
    store = await make();
  });

  afterAll(() => store.remove());

  beforeEach(() => {
    journal = new Journal();
    const queueName = `outage-${randomUUID()}`;
    const backoff = { type: 'fixed', delay: 50 };
    both = { journal, inbox: { url: store.url, queueName, lockDurationMs: 1_000, backoff } };
  });

  afterEach(async () => {
    await killAppProcesses();
    await store.stop();
    journal.remove();
  });

  it(`loses no acknowledged event ${OUTAGES} times under load, and deliveries get 503 in time`, async () => {
    await store.start();
    const web = await AppProcess.start({ ...both, inbox: { ...both.inbox, workers: false } });
    const worker = await AppProcess.start({ ...both, receives: false, handlerMs: 5 });
    await accepts(web, 'batch_0');
    const load = new Load(web.origin);
    for (let outage = 1; outage <= OUTAGES; outage += 1) {
      await load.more(100, 202);
      await store.stop();
      await load.more(REFUSALS, 503);
      await store.start();
    }
    await load.more(100, 202);
    await load.stop();
    await handled(load.acknowledged);

    const others = load.answers.filter(({ status }) => status !== 202);
    expect(new Set(others.map(({ status, code }) => `${status} ${String(code)}`))).toEqual(
      new Set(['503 inbox_unavailable']),
    );
    expect(Math.max(...load.answers.map(({ ms }) => ms))).toBeLessThan(ANSWER_MS);
    expect([web.alive, worker.alive]).toEqual([true, true]);
    expect(journal.uncaught()).toEqual([]);
    const queue = openQueue(store.url, both.inbox.queueName!);
    await drained(queue);
    expect(await queue.getJobCounts('failed')).toEqual({ failed: 0 });
    await queue.close();
  });

  it('does not stop an app from starting, which answers 503 until the store is available', async () => {
    const app = await AppProcess.start(both);
    const meanwhile = await timed(app.origin, 'batch_1');
    expect(meanwhile).toMatchObject({ status: 503, code: 'inbox_unavailable' });
    expect(meanwhile.ms).toBeLessThan(ANSWER_MS);

    await store.start();
    await accepts(app, 'batch_1');
    await handled(['batch_1']);
    expect(journal.uncaught()).toEqual([]);
  });

  it('does not stop an app from closing while it handles an event', async () => {
    await store.start();
    const app = await AppProcess.start({ ...both, handlerMs: 200 });
    await accepts(app, 'batch_1');
    await until(() => journal.entries('started').length > 0);
    await store.stop();

    const { code, afterMs } = await app.close();
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(CLOSE_MS);
    expect(journal.uncaught()).toEqual([]);
  });

  it('does not stop an idle app from closing', async () => {
    await store.start();
    const app = await AppProcess.start(both);
    await accepts(app, 'batch_1');
    await handled(['batch_1']);
    await store.stop();

    const { code, afterMs } = await app.close();
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(CLOSE_MS);
    expect(journal.uncaught()).toEqual([]);
  });

  it('does not stop an app from closing that never reached the store', async () => {
    const url = new URL(store.url);
    url.port = String(await freePort());
    const app = await AppProcess.start({ ...both, inbox: { ...both.inbox, url: url.href } });
    await timed(app.origin, 'batch_1');

    const { code, afterMs } = await app.close();
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(CLOSE_MS);
    expect(journal.uncaught()).toEqual([]);
  });
});
