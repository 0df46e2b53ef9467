import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { BatchJob, GoogleGenAI, HttpOptions } from '@google/genai';
import type { TrackedJob } from '../../../../lib/inbox/job-tracker.js';
import { JobChecker } from '../../../../lib/jobs/polling/job-checker.js';
import { deferred } from '../../../support/deferred.js';
import { deliveryOf } from '../../../support/deliveries.js';

type GetBatch = (request: { config: { httpOptions: HttpOptions } }) => Promise<BatchJob>;

const NOW = Date.parse('2026-01-22T12:00:00Z');
const job: TrackedJob = {
  id: 'job.batch.1',
  kind: 'batch',
  name: 'batches/1',
  params: {},
  bound: true,
  createdAt: NOW,
};

/** Creates a checker whose client has the test's `batches.get`. */
function checkerOf(get: GetBatch): JobChecker {
  return new JobChecker({ batches: { get } } as unknown as GoogleGenAI, 'default');
}

/** A `batches.get` that fails with a response that passes through the given fetch, as in the SDK. */
function refusing(status: number, headers: Record<string, string> = {}): GetBatch {
  globalThis.fetch = async () => new Response('{}', { status, headers });
  return async ({ config }) => {
    await config.httpOptions.fetch!('http://127.0.0.1/');
    throw Object.assign(new Error(`status ${status}`), { status });
  };
}

const ownFetch = globalThis.fetch;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
  Logger.overrideLogger(false);
});

afterEach(() => {
  globalThis.fetch = ownFetch;
  jest.useRealTimers();
});

describe('a check with an event', () => {
  const asked = jest.fn<GetBatch>();

  it.each([
    ['batch.succeeded', 'succeeded'],
    ['batch.failed', 'failed'],
    ['batch.expired', 'expired'],
    ['batch.cancelled', 'cancelled'],
    ['video.generated', 'succeeded'],
    ['interaction.completed', 'succeeded'],
    ['interaction.requires_action', 'requires_action'],
    ['interaction.failed', 'failed'],
    ['interaction.cancelled', 'cancelled'],
  ])('of type %s ends the job as %s without polling', async (type, outcome) => {
    const { event } = deliveryOf({ type });

    const verdict = await checkerOf(asked).check(job, event);

    expect(verdict).toEqual({ is: 'settled', settlement: { outcome, event } });
    expect(asked).not.toHaveBeenCalled();
  });
});

describe('a check with an event that may be a pause', () => {
  it('is repeated soon if Gemini does not answer', async () => {
    const get = async () => {
      throw Object.assign(new Error('status 500'), { status: 500 });
    };
    const checker = new JobChecker({ interactions: { get } } as unknown as GoogleGenAI, 'default');
    const research: TrackedJob = { ...job, id: 'job.interaction.1', kind: 'interaction', name: 'v1_1', tools: true };

    const verdict = await checker.check(research, deliveryOf({ type: 'interaction.completed' }).event);

    expect(verdict).toEqual({ is: 'postponed', delayMs: expect.any(Number) });
    expect((verdict as { delayMs: number }).delayMs).toBeLessThan(30_000);
  });
});

describe('a check without an event', () => {
  it('returns the event that the webhook would have delivered, with the same key', async () => {
    const get: GetBatch = async () => ({ name: 'batches/1', state: 'JOB_STATE_SUCCEEDED' }) as BatchJob;

    const verdict = await checkerOf(get).check({ ...job, metadata: { orderId: 7 } }, undefined);

    const webhook = deliveryOf({ id: '1', job: { kind: 'batch', id: job.id } });
    expect(verdict).toMatchObject({
      is: 'settled',
      settlement: { outcome: 'succeeded', event: { type: 'batch.succeeded', userMetadata: { orderId: 7 } } },
      reconciled: { key: webhook.key, strategy: 'reconciled' },
    });
  });

  it('reports that a job is still running', async () => {
    const get: GetBatch = async () => ({ name: 'batches/1', state: 'JOB_STATE_RUNNING' }) as BatchJob;

    expect(await checkerOf(get).check(job, undefined)).toEqual({ is: 'running' });
  });

  it('has no answer if Gemini gives none', async () => {
    expect(await checkerOf(refusing(500)).check(job, undefined)).toEqual({ is: 'unanswered' });
  });

  it.each([
    ['seconds', '7', 7_000],
    ['a date', new Date(NOW + 9_000).toUTCString(), 9_000],
    ['longer than an hour', '86400', 3_600_000],
  ])('pauses polls for every job for as long as Retry-After says in %s', async (_, retryAfter, waitMs) => {
    const checker = checkerOf(refusing(429, { 'retry-after': retryAfter }));

    const first = await checker.check(job, undefined);
    const second = await checker.check({ ...job, id: 'job.batch.2' }, undefined);

    for (const verdict of [first, second]) {
      expect(verdict).toMatchObject({ is: 'postponed' });
      const { delayMs } = verdict as { delayMs: number };
      expect(delayMs).toBeGreaterThanOrEqual(waitMs);
      expect(delayMs).toBeLessThanOrEqual(waitMs * 1.2);
    }
  });

  it('polls again after that time', async () => {
    const get = jest.fn<GetBatch>(refusing(429, { 'retry-after': '7' }));
    const checker = checkerOf(get);
    await checker.check(job, undefined);

    jest.setSystemTime(NOW + 7_000);
    await checker.check(job, undefined);

    expect(get).toHaveBeenCalledTimes(2);
  });

  it('is postponed while four others are running', async () => {
    const gate = deferred();
    const get = jest.fn<GetBatch>(async () => {
      await gate.promise;
      return { name: 'batches/1', state: 'JOB_STATE_RUNNING' } as BatchJob;
    });
    const checker = checkerOf(get);
    const four = Array.from({ length: 4 }, () => checker.check(job, undefined));

    expect(await checker.check(job, undefined)).toMatchObject({ is: 'postponed' });
    gate.resolve();
    await Promise.all(four);

    expect(await checker.check(job, undefined)).toEqual({ is: 'running' });
    expect(get).toHaveBeenCalledTimes(5);
  });
});
