import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JobTracker, TrackedJob } from '../../../lib/inbox/job-tracker.js';
import type { JobPlan } from '../../../lib/jobs/job-starter.js';
import type { JobStartsHost } from '../../../lib/jobs/job-starts-host.js';
import type { JobWebhooks } from '../../../lib/jobs/job-webhooks.js';
import { deferred } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';

/** Waits until the test lets the time pass, or the app closes. */
let delays: { readonly ms: number; readonly end: () => void }[] = [];
let waits = deferred();
const pause = (ms: number, signal?: AbortSignal) => {
  const { promise, resolve } = deferred();
  delays.push({ ms, end: resolve });
  signal?.addEventListener('abort', () => resolve());
  waits.resolve();
  return promise;
};
jest.unstable_mockModule('../../../lib/shared/pause.js', () => ({ pause }));
const { JobStarts } = await import('../../../lib/jobs/job-starts.js');

let logger: RecordingLogger;

beforeEach(() => {
  delays = [];
  waits = deferred();
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});

afterEach(() => {
  Logger.overrideLogger(false);
});

/** Ends the current wait of the only retry loop, and resolves when it waits again, or with the other promise. */
async function pass(until?: Promise<void>): Promise<void> {
  waits = deferred();
  delays.at(-1)!.end();
  await (until ?? waits.promise);
}

function startsOn(store: { isDown: boolean }, kind: JobPlan['kind'] = 'video') {
  const records = new Map<string, TrackedJob>();
  const recorded = deferred();
  const closing = new AbortController();
  let requests = 0;
  const tracker = {
    find: async ({ id }: { id: string }) => records.get(id),
    settlement: async () => undefined,
    add: async (job: TrackedJob) => void records.set(job.id, job),
    rename: async (id: string, name: string) => {
      if (store.isDown) throw new Error('the store is down');
      records.set(id, { ...records.get(id)!, name });
      recorded.resolve();
    },
  } as unknown as JobTracker;
  const starts = new JobStarts({
    registration: 'default',
    repeatAfterMs: 1,
    closing: closing.signal,
    tracker,
    lock: (_name, work) => work(new AbortController().signal),
    webhooks: { wanted: () => false, bind: true } as unknown as JobWebhooks,
  } satisfies JobStartsHost);
  const start = (idempotencyKey?: string) =>
    starts.start({ kind, given: {}, idempotencyKey, start: async () => `v1_${(requests += 1)}` });
  return { start, records, recorded, closing, requests: () => requests };
}

describe('the name of a started job that the store does not take', () => {
  it('is recorded when the store is back, however late, with at most 30 s between attempts', async () => {
    const store = { isDown: true };
    const { start, records, recorded } = startsOn(store);
    const { id, name } = await start();
    for (let attempt = 1; attempt <= 20; attempt += 1) await pass();

    store.isDown = false;
    await pass(recorded.promise);

    expect(records.get(id)?.name).toBe(name);
    expect(delays.map(({ ms }) => ms / 1_000).slice(0, 7)).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(logger.of('error')).toEqual([]);
  });

  it('is returned to a start with the same key, which sends no request', async () => {
    const { start, requests } = startsOn({ isDown: true });
    const first = await start('clip-42');

    expect(await start('clip-42')).toMatchObject({ id: first.id, name: 'v1_1' });
    expect(requests()).toBe(1);
    expect(delays).toHaveLength(1);
  });

  it.each([
    ['video', /The name v1_1 of job\.video\..* was not recorded\. Use jobs\.waitFor with that name to follow it/],
    ['batch', /The name v1_1 of job\.batch\..* was not recorded\. Polling finds it by its display name/],
  ] as const)('is tried once more when the app shuts down, and logged: a %s', async (kind, line) => {
    const { start, closing } = startsOn({ isDown: true }, kind);
    await start();
    const logged = deferred();
    jest.spyOn(logger, 'error').mockImplementation((text: unknown) => {
      expect(text).toMatch(line);
      logged.resolve();
    });

    closing.abort(new Error('closed'));
    await logged.promise;

    expect(delays).toHaveLength(1);
  });
});
