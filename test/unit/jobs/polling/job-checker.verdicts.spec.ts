import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { GoogleGenAI } from '@google/genai';
import { Logger } from '@nestjs/common';
import type { JobTracker, TrackedJob } from '../../../../lib/inbox/job-tracker.js';
import type { ReconcileSchedule } from '../../../../lib/config/poll-schedule.js';
import { JobChecker } from '../../../../lib/jobs/polling/job-checker.js';
import { lostJob, reconciledDelivery } from '../../../../lib/jobs/polling/polled-delivery.js';
import { deferred } from '../../../support/deferred.js';
import { deliveryOf } from '../../../support/deliveries.js';
import { RecordingLogger } from '../../../support/recording-logger.js';
import { newJob } from '../../../support/scripted-gemini.js';

const NOW = Date.parse('2026-01-22T12:00:00Z');
const batch = newJob({ id: 'job.batch.1', name: 'batches/1', createdAt: NOW });
const research = newJob({ id: 'job.interaction.1', kind: 'interaction', name: 'i1', tools: true });
const video = newJob({ id: 'job.video.1', kind: 'video', name: 'models/veo/operations/op1' });

const failure = (status: number | undefined, message = 'no', headers?: Record<string, string>) =>
  Object.assign(new Error(message), { status, ...(headers && { headers: new Headers(headers) }) });

/** A checker whose client answers each request with what `answer` returns or throws. */
function checkerOf(answer: () => unknown) {
  const get = jest.fn(async () => answer());
  const ai = {
    batches: { get, list: get },
    interactions: { get },
    operations: { getVideosOperation: get },
  } as unknown as GoogleGenAI;
  return { checker: new JobChecker(ai, 'default'), get };
}
const failing = (error: unknown) =>
  checkerOf(() => {
    throw error;
  });
/** A client's page of batches. */
const pageOf = (...page: object[]) => ({ page, hasNextPage: () => false });

let logger: RecordingLogger;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});

afterEach(() => {
  Logger.overrideLogger(false);
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('a check with an event that may not be the end', () => {
  const completed = deliveryOf({ type: 'interaction.completed', id: 'i1' }).event;

  it.each([
    ['completed', 'succeeded'],
    ['requires_action', 'requires_action'],
    ['failed', 'failed'],
  ])('takes the outcome from the status %s, and the event as it was sent', async (status, outcome) => {
    const { checker, get } = checkerOf(() => ({ status }));

    expect(await checker.check(research, completed)).toEqual({
      is: 'settled',
      settlement: { outcome, event: completed, message: undefined },
    });
    expect(get).toHaveBeenCalledTimes(1);
  });

  it('gives a video job the event that polling decides', async () => {
    const { checker } = checkerOf(() => ({ done: true, error: { message: 'no' } }));

    expect(await checker.check(video, completed)).toMatchObject({
      is: 'settled',
      settlement: { outcome: 'failed', event: { type: 'video.failed', data: { reason: 'failed' } }, message: 'no' },
    });
  });

  it.each([
    ['runs, says Gemini', checkerOf.bind(undefined, () => ({ status: 'in_progress' })), { is: 'running' }],
    ['is polled too often', failing.bind(undefined, failure(429)), { is: 'postponed', delayMs: 33_000 }],
    ['cannot be polled', failing.bind(undefined, failure(500)), { is: 'postponed', delayMs: 11_000 }],
  ])('ends no job that %s', async (_what, make, verdict) => {
    expect(await make().checker.check(research, completed)).toEqual(verdict);
  });

  it('ends a job that Gemini no longer knows, as its type says', async () => {
    const settled = { is: 'settled', settlement: { outcome: 'succeeded', event: completed } };

    expect(await failing(failure(404)).checker.check(research, completed)).toEqual(settled);
    expect(await failing(undefined).checker.check({ ...research, name: undefined }, completed)).toEqual(settled);
  });

  it('needs no poll if it is of another type, or the interaction has no tools', async () => {
    const failed = deliveryOf({ type: 'interaction.failed', id: 'i1' }).event;
    const { checker, get } = checkerOf(() => ({ status: 'in_progress' }));

    for (const [job, event, outcome] of [
      [research, failed, 'failed'],
      [{ ...research, tools: undefined }, completed, 'succeeded'],
      [{ ...research, tools: false }, completed, 'succeeded'],
    ] as const) {
      expect(await checker.check(job, event)).toEqual({ is: 'settled', settlement: { outcome, event } });
    }
    expect(get).not.toHaveBeenCalled();
  });
});

describe('a check with an event of an unknown type', () => {
  const { event } = deliveryOf({ type: 'batch.invented_later', id: '1' });

  it('polls, and ends the job with that event', async () => {
    const { checker } = checkerOf(() => ({ state: 'JOB_STATE_SUCCEEDED' }));

    expect(await checker.check(batch, event)).toEqual({
      is: 'settled',
      settlement: { outcome: 'succeeded', event, message: undefined },
    });
  });

  it.each([
    [500, { is: 'unanswered' }],
    [404, { is: 'missing' }],
  ])('does not end the job if Gemini answers with %i', async (status, verdict) => {
    expect(await failing(failure(status)).checker.check(batch, event)).toEqual(verdict);
  });
});

describe('a check without an event', () => {
  it('finds the end, with the message and the event that was not sent', async () => {
    const { checker } = checkerOf(() => ({ state: 'JOB_STATE_FAILED', error: { code: 3, message: 'no' } }));
    const event = { type: 'batch.failed', data: { id: '1', error_code: 3, error_message: 'no' } } as const;
    const reconciled = reconciledDelivery(batch, 'batches/1', { event }, 'default', new Date(NOW));

    expect(await checker.check(batch, undefined)).toEqual({
      is: 'settled',
      settlement: { outcome: 'failed', event: reconciled.event, message: 'no' },
      reconciled,
    });
  });

  it.each([
    ['missing', 'a batch that Gemini does not know', batch, failure(404)],
    ['missing', 'an interaction that Gemini does not know', research, failure(400, 'Invalid interaction name: i1')],
    ['unanswered', 'a request that Gemini refuses', research, failure(400, 'Request contains an invalid argument.')],
    ['unanswered', 'another error with the same text', research, failure(500, 'Invalid interaction name: i1')],
    ['unanswered', 'a list that is not found', { ...batch, name: undefined, displayName: 'mine' }, failure(404)],
  ])('is %s for %s', async (is, _what, job, error) => {
    expect(await failing(error).checker.check(job, undefined)).toEqual({ is });
    expect(logger.of('warn')).toEqual(
      is === 'missing' ? [] : [`The job ${job.id} could not be polled: ${error.message} GeminiWebhooks`],
    );
  });

  it('takes a batch as running whose name it does not find', async () => {
    const { checker } = checkerOf(() => pageOf());
    const unnamed = { ...batch, name: undefined, displayName: 'mine' };

    expect(await checker.check(unnamed, undefined)).toEqual({ is: 'running' });
  });

  it('warns once of each kind of job whose webhook did not arrive', async () => {
    const { checker } = checkerOf(() => ({ state: 'JOB_STATE_SUCCEEDED', status: 'completed' }));
    await checker.check(batch, undefined);
    await checker.check({ ...batch, webhook: false }, undefined);
    expect(logger.entries).toEqual([]);

    for (const job of [batch, batch, research, research]) await checker.check({ ...job, webhook: true }, undefined);
    const advice =
      'polling found that it has ended, and its event is delivered. Further jobs of this kind are not reported. If no webhook arrives at all, check publicUrl (GEMINI_WEBHOOK_PUBLIC_URL) with `npx nestjs-gemini-webhooks doctor <url>`. GeminiWebhooks';
    expect(logger.entries).toEqual([
      { level: 'warn', text: `No webhook arrived for the batch job job.batch.1: ${advice}` },
      { level: 'warn', text: `No webhook arrived for the interaction job job.interaction.1: ${advice}` },
    ]);
  });

  it('logs that videos have no webhooks', async () => {
    const { checker } = checkerOf(() => ({ done: true }));
    for (let poll = 0; poll < 2; poll += 1) await checker.check({ ...video, webhook: true }, undefined);

    expect(logger.entries).toEqual([
      {
        level: 'log',
        text: 'Polling found that the video job job.video.1 has ended, and its event is delivered. This is normal: Gemini has not sent webhooks for videos so far. Further jobs of this kind are not reported. GeminiWebhooks',
      },
    ]);
  });
});

describe('a poll', () => {
  it.each([
    ['30 s after 429', failure(429), 33_000],
    ['as long as 429 asks', failure(429, 'no', { 'retry-after': '7' }), 7_700],
    ['as long as another response asks', failure(503, 'no', { 'retry-after': '2' }), 2_200],
    ['30 s after 429 that asks for no pause', failure(429, 'no', { 'retry-after': '0' }), 33_000],
    ['a second at least', failure(503, 'no', { 'retry-after': new Date(NOW + 400).toISOString() }), 1_100],
  ])('is postponed by %s, and up to a fifth more', async (_time, error, delayMs) => {
    const { checker, get } = failing(error);

    expect(await checker.poll(batch)).toEqual({ is: 'postponed', delayMs });
    expect(await checker.poll(batch)).toEqual({ is: 'postponed', delayMs });
    expect(get).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['has no Retry-After', {}],
    ['has one of 0', { 'retry-after': '0' }],
    ['has one in the past', { 'retry-after': 'Thu, 01 Jan 2026 00:00:00 GMT' }],
  ])('counts as unanswered, without a pause, if the response %s', async (_what, headers) => {
    const { checker, get } = failing(failure(503, 'no', headers));

    expect(await checker.poll(batch)).toEqual({ is: 'unanswered' });
    expect(await checker.poll(batch)).toEqual({ is: 'unanswered' });
    expect(get).toHaveBeenCalledTimes(2);
  });

  it('waits for the longest pause of several', async () => {
    const answers = [deferred<never>(), deferred<never>()];
    const pending = [...answers];
    const { checker } = checkerOf(() => pending.shift()!.promise);
    const polls = [checker.poll(batch), checker.poll(batch)];
    answers[0]!.reject(failure(429, 'no', { 'retry-after': '60' }));
    await polls[0];
    answers[1]!.reject(failure(429, 'no', { 'retry-after': '1' }));
    await polls[1];

    expect(await checker.poll(batch)).toEqual({ is: 'postponed', delayMs: 66_000 });
  });

  it('is postponed by a second while four others run, or waits for one of them', async () => {
    const gate = deferred();
    const { checker, get } = checkerOf(() => gate.promise.then(() => ({ state: 'JOB_STATE_RUNNING' })));
    const four = Array.from({ length: 4 }, () => checker.poll(batch));

    expect(await checker.poll(batch)).toEqual({ is: 'postponed', delayMs: 1_100 });
    expect(await checker.poll(batch, { maxWaitMs: 5 })).toEqual({ is: 'postponed', delayMs: 1_100 });
    const waiting = checker.poll(batch, { maxWaitMs: 60_000 });
    gate.resolve();
    expect(await waiting).toEqual({ is: 'running' });
    await Promise.all(four);
    expect(get).toHaveBeenCalledTimes(5);
  });
});

describe('the name of a batch whose start was interrupted', () => {
  const unnamed: TrackedJob = newJob({ id: 'job.batch.1', displayName: 'mine', params: { project: 'acme' } });
  const found = (name: string) => ({ name, displayName: 'mine', state: 'JOB_STATE_RUNNING' });

  it('is found by its display name', async () => {
    const { checker } = checkerOf(() => pageOf(found('batches/a')));

    expect(await checker.findName(unnamed)).toMatchObject({ is: 'found', name: 'batches/a' });
  });

  it('is none if Gemini lists no such batch', async () => {
    expect(await checkerOf(() => pageOf()).checker.findName(unnamed)).toEqual({ is: 'none' });
  });

  it.each([
    ['the list fails', failure(500), 11_000],
    ['no response arrives', failure(undefined), 11_000],
    ['Gemini limits the rate', failure(429), 33_000],
    ['Gemini says when to come back', failure(503, 'later', { 'retry-after': '60' }), 66_000],
  ])('is not known to be none if %s: there is no answer yet', async (_what, error, waitMs) => {
    expect(await failing(error).checker.findName(unnamed)).toEqual({ is: 'unanswered', waitMs, error });
  });

  it('has no answer while the records cannot be read', async () => {
    const { checker } = checkerOf(() => pageOf(found('batches/a')));
    const error = new Error('the store is down');
    checker.tracking(false, () => ({ find: () => Promise.reject(error) }));

    expect(await checker.findName(unnamed)).toMatchObject({ is: 'unanswered', error });
  });

  it('is not searched during a pause that Gemini has asked for', async () => {
    const { checker, get } = failing(failure(429));
    await checker.findName(unnamed);

    expect(await checker.findName(unnamed)).toEqual({ is: 'unanswered', waitMs: 33_000 });
    expect(get).toHaveBeenCalledTimes(1);
    jest.setSystemTime(NOW + 30_000);
    await checker.findName(unnamed);
    expect(get).toHaveBeenCalledTimes(2);
  });

  it('is not that of another job', async () => {
    const { checker } = checkerOf(() => pageOf(found('batches/other'), found('batches/own'), found('batches/new')));
    const asked: unknown[] = [];
    const owners: Record<string, object> = { 'batches/other': { id: 'job.batch.2' }, 'batches/own': unnamed };
    const find = async (query: { name: string }) => {
      asked.push(query);
      return owners[query.name];
    };
    checker.tracking(false, () => ({ find }) as unknown as Pick<JobTracker, 'find'>);

    // Both its own record and no record leave a batch to it, so two of the three are candidates.
    expect(await checker.findName(unnamed)).toEqual({ is: 'unclear' });
    owners['batches/new'] = { id: 'job.batch.3' };
    expect(await checker.findName(unnamed)).toMatchObject({ is: 'found', name: 'batches/own' });
    expect(asked[0]).toEqual({ kind: 'batch', name: 'batches/other', params: { project: 'acme' } });
    owners['batches/own'] = { id: 'job.batch.3' };
    delete owners['batches/new'];
    expect((await checker.poll(unnamed)).is).toBe('running');
    delete owners['batches/other'];
    expect((await checker.poll(unnamed)).is).toBe('unnamed');
  });
});

describe('what an engine needs to track jobs', () => {
  it('checks with an event, makes the notice of a lost job, and hands over what polling found', async () => {
    const { checker } = checkerOf(() => ({ state: 'JOB_STATE_RUNNING' }));
    const reconcile = { afterMs: 1 } as unknown as ReconcileSchedule;
    const tracking = checker.tracking(reconcile);
    const { event } = deliveryOf();

    expect(await tracking.check(batch, undefined)).toEqual({ is: 'running' });
    expect(await tracking.check(batch, event)).toMatchObject({ is: 'settled', settlement: { event } });
    expect(tracking.lost(batch, 'not_found')).toEqual(lostJob(batch, 'not_found', 'default', new Date(NOW)));
    expect(tracking.reconcile).toBe(reconcile);
  });

  it('needs no records', async () => {
    const { checker } = checkerOf(() => pageOf({ name: 'batches/a', displayName: 'mine' }));
    checker.tracking(false);

    expect(await checker.findName(newJob({ displayName: 'mine' }))).toMatchObject({ name: 'batches/a' });
  });
});
