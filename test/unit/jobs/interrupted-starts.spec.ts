import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TimeoutError } from '../../../lib/errors.js';
import { InlineJobTracker } from '../../../lib/inbox/inline-job-tracker.js';
import type { TrackedJob } from '../../../lib/inbox/job-tracker.js';
import type { JobPlan } from '../../../lib/jobs/job-starter.js';
import type { JobStartsHost } from '../../../lib/jobs/job-starts-host.js';
import type { JobWebhooks } from '../../../lib/jobs/job-webhooks.js';
import type { JobChecker, NameSearch } from '../../../lib/jobs/polling/job-checker.js';

/** Waiting costs no time: it moves the clock. */
const pause = async (ms: number, signal?: AbortSignal) => {
  signal?.throwIfAborted();
  jest.setSystemTime(Date.now() + ms);
};
jest.unstable_mockModule('../../../lib/shared/pause.js', () => ({ pause }));
const { JobStarts } = await import('../../../lib/jobs/job-starts.js');

const NOW = Date.parse('2026-11-22T12:00:00Z');
const REPEAT_AFTER_MS = 120_000;
const found: NameSearch = { is: 'found', name: 'batches/1', batch: {} };
const lost = new TypeError('terminated');

beforeEach(() => {
  Logger.overrideLogger(false);
  jest.useFakeTimers({ now: NOW });
});

afterEach(() => {
  jest.useRealTimers();
});

/** Starts whose requests and lists are answered by the test, and the times of those. */
function startsWith(search: (count: number) => NameSearch) {
  const requests: number[] = [];
  const searches: number[] = [];
  const closing = new AbortController();
  const tracker = new InlineJobTracker(
    { check: async () => ({ is: 'running' }), lost: () => undefined as never, reconcile: false },
    async () => undefined,
    { maxEntries: 100, retentionMs: 3_600_000 },
  );
  const checker = {
    findName: async () => {
      searches.push(Date.now() - NOW);
      return search(searches.length);
    },
  } as unknown as JobChecker;
  const starts = new JobStarts({
    registration: 'default',
    repeatAfterMs: REPEAT_AFTER_MS,
    tracker,
    checker,
    lock: (_name, work) => work(new AbortController().signal),
    webhooks: { wanted: () => false, bind: true } as unknown as JobWebhooks,
    closing: closing.signal,
  } satisfies JobStartsHost);
  /** The response to the first request never arrives. */
  const plan: JobPlan = {
    kind: 'batch',
    given: {},
    idempotencyKey: 'night-42',
    start: async () => {
      requests.push(Date.now() - NOW);
      if (requests.length === 1) throw lost;
      return `batches/${requests.length}`;
    },
  };
  return { start: (): Promise<TrackedJob> => starts.start(plan), requests, searches, closing };
}

describe('a batch with a key whose start was interrupted', () => {
  it('is not started again while Gemini does not list the batches, and is found as soon as it does', async () => {
    const { start, requests, searches } = startsWith((count) =>
      count <= 3 ? { is: 'unanswered', waitMs: 10_000 } : found,
    );
    await expect(start()).rejects.toBe(lost);
    jest.setSystemTime(NOW + REPEAT_AFTER_MS);

    expect(await start()).toMatchObject({ name: 'batches/1' });
    expect(requests).toEqual([0]);
    expect(searches.map((at) => at - REPEAT_AFTER_MS)).toEqual([0, 10_000, 20_000, 30_000]);
  });

  it('is started again once a list shows no such batch', async () => {
    const { start, requests } = startsWith((count) =>
      count === 1 ? { is: 'unanswered', waitMs: 10_000 } : { is: 'none' },
    );
    await expect(start()).rejects.toBe(lost);
    jest.setSystemTime(NOW + REPEAT_AFTER_MS);

    expect(await start()).toMatchObject({ name: 'batches/2' });
    expect(requests).toEqual([0, REPEAT_AFTER_MS + 10_000]);
  });

  it('is not started again after a list from before repeatStartAfterMs', async () => {
    const { start, requests, searches } = startsWith((count) =>
      count === 1 ? { is: 'none' } : count === 2 ? { is: 'unanswered', waitMs: 300_000 } : found,
    );
    await expect(start()).rejects.toBe(lost);
    jest.setSystemTime(NOW + REPEAT_AFTER_MS - 500);

    await expect(start()).rejects.toThrow(TimeoutError);
    expect(requests).toEqual([0]);
    expect(searches).toEqual([REPEAT_AFTER_MS - 500, REPEAT_AFTER_MS]);
  });

  it('is listed less and less often before the request may be repeated, and right then', async () => {
    const { start, searches } = startsWith(() => ({ is: 'none' }));
    await expect(start()).rejects.toBe(lost);

    await start();

    expect(searches.slice(0, 6)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 25_000]);
    expect(searches.at(-1)).toBe(REPEAT_AFTER_MS);
    expect(searches).toHaveLength(16);
  });

  it('makes the caller fail after two minutes without an answer, and stays as it is', async () => {
    const error = Object.assign(new Error('overloaded'), { status: 503 });
    let answer: NameSearch = { is: 'unanswered', waitMs: 10_000, error };
    const { start, requests, searches } = startsWith(() => answer);
    await expect(start()).rejects.toBe(lost);
    jest.setSystemTime(NOW + REPEAT_AFTER_MS);

    const failed = start();
    await expect(failed).rejects.toThrow(/job\.batch\.key-.* was interrupted, and Gemini does not answer/);
    await expect(failed).rejects.toMatchObject({ code: 'timeout', cause: error });
    expect(Date.now() - NOW).toBe(2 * REPEAT_AFTER_MS);
    expect(searches).toHaveLength(13);

    answer = found;
    expect(await start()).toMatchObject({ name: 'batches/1' });
    expect(requests).toEqual([0]);
  });

  it('is neither started again nor chosen among several that match', async () => {
    const { start, requests } = startsWith(() => ({ is: 'unclear' }));
    await expect(start()).rejects.toBe(lost);
    jest.setSystemTime(NOW + REPEAT_AFTER_MS);

    await expect(start()).rejects.toThrow(/does not show which one with the display name "job\.batch\.key-/);
    expect(requests).toEqual([0]);
  });

  it('does not keep a caller waiting when the app shuts down', async () => {
    const reason = new Error('closed');
    const { start, requests, closing } = startsWith((count) => {
      if (count === 3) closing.abort(reason);
      return { is: 'unanswered', waitMs: 10_000 };
    });
    await expect(start()).rejects.toBe(lost);

    await expect(start()).rejects.toBe(reason);
    expect(requests).toEqual([0]);
  });
});
