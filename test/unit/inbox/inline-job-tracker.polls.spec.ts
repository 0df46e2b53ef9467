import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import type { VerifiedDelivery } from '../../../lib/events/verified-delivery.js';
import { InlineJobTracker } from '../../../lib/inbox/inline-job-tracker.js';
import type { JobVerdict, TrackedJob } from '../../../lib/inbox/job-tracker.js';
import { deferred } from '../../support/deferred.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { deliveryOfJob, newJob, ScriptedGemini } from '../../support/scripted-gemini.js';

const START = Date.parse('2026-01-22T12:00:00Z');
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const EVERY_MINUTE = { afterMs: MINUTE_MS, maxIntervalMs: MINUTE_MS, untilMs: 72 * HOUR_MS };

let logger: RecordingLogger;
let trackers: InlineJobTracker[];

beforeEach(() => {
  jest.useFakeTimers({ now: START, doNotFake: ['performance'] });
  jest.spyOn(Math, 'random').mockReturnValue(0);
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
  trackers = [];
});
afterEach(() => {
  for (const jobs of trackers) jobs.close();
  Logger.overrideLogger(false);
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** A tracker that polls a Gemini of this script. */
function trackerOf({
  answer = () => ({ is: 'running' }),
  reconcile = EVERY_MINUTE,
  accept = async () => undefined,
  maxEntries = 10,
}: {
  answer?: ScriptedGemini['answer'];
  reconcile?: typeof EVERY_MINUTE | false;
  accept?: (delivery: VerifiedDelivery) => Promise<unknown>;
  maxEntries?: number;
} = {}) {
  const gemini = new ScriptedGemini();
  /** Times of the polls, in seconds from the start. */
  const polledAt: number[] = [];
  gemini.answer = (job, before) => {
    polledAt.push((Date.now() - START) / SECOND_MS);
    return answer(job, before);
  };
  /** Times and types of the events that the inbox was given. */
  const accepted: [number, string][] = [];
  const jobs = new InlineJobTracker(
    gemini.tracking(reconcile),
    async (delivery) => {
      accepted.push([(Date.now() - START) / SECOND_MS, delivery.event.type]);
      await accept(delivery);
    },
    { maxEntries, retentionMs: HOUR_MS },
  );
  trackers.push(jobs);
  jobs.start();
  return { jobs, gemini, polledAt, accepted };
}
const runningJob = (changes: Partial<TrackedJob> = {}) => newJob({ createdAt: START, ...changes });
const succeeded = (job: TrackedJob): JobVerdict => new ScriptedGemini().succeeded(job);

describe('polls of a job in memory', () => {
  it('come at intervals that double', async () => {
    const { jobs, polledAt } = trackerOf({ reconcile: { ...EVERY_MINUTE, maxIntervalMs: HOUR_MS } });
    await jobs.add(runningJob());
    await jest.advanceTimersByTimeAsync(16 * MINUTE_MS);

    expect(polledAt).toEqual([60, 180, 420, 900]);
  });

  it('come later if Gemini could not be polled, as long as it asks', async () => {
    const { jobs, polledAt } = trackerOf({
      answer: (_job, before) => (before === 0 ? { is: 'postponed', delayMs: 7_000 } : { is: 'running' }),
    });
    await jobs.add(runningJob());
    await jest.advanceTimersByTimeAsync(130 * SECOND_MS);

    expect(polledAt).toEqual([60, 67, 127]);
  });

  it('come soon while Gemini does not find the job, and again on schedule once it counts as lost', async () => {
    const { jobs, polledAt, accepted } = trackerOf({
      answer: () => ({ is: 'missing' }),
      reconcile: { afterMs: 10 * MINUTE_MS, maxIntervalMs: 10 * MINUTE_MS, untilMs: 72 * HOUR_MS },
    });
    const job = runningJob();
    const changed = jest.fn();
    await jobs.add(job);
    jobs.watch(job.id, changed);
    await jest.advanceTimersByTimeAsync(899 * SECOND_MS);
    expect(await jobs.settlement(job.id)).toBeUndefined();
    expect(changed).not.toHaveBeenCalled();

    await jest.advanceTimersByTimeAsync(700 * SECOND_MS);
    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'not_found' });
    expect(changed).toHaveBeenCalledTimes(1);
    expect(polledAt).toEqual([600, 675, 750, 825, 900, 1_500]);
    expect(accepted).toEqual([[900, 'batch.lost']]);
  });

  it('count answers of "no such job" from the start after another answer', async () => {
    const { jobs } = trackerOf({ answer: (_job, before) => ({ is: before === 4 ? 'running' : 'missing' }) });
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect(await jobs.settlement(job.id)).toBeUndefined();

    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'not_found' });
  });

  it('end at the time until which the outcome is awaited, without one if Gemini never answered', async () => {
    const { jobs, polledAt, accepted } = trackerOf({
      answer: () => ({ is: 'unanswered' }),
      reconcile: { ...EVERY_MINUTE, untilMs: 150 * SECOND_MS },
    });
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(HOUR_MS);

    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'unknown_outcome' });
    expect(polledAt).toEqual([60, 120, 150]);
    expect(accepted).toEqual([[150, 'batch.lost']]);
  });

  it('are not sent with reconcile false, and the outcome counts as unknown after 72 hours', async () => {
    const { jobs, polledAt, accepted } = trackerOf({ reconcile: false });
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(72 * HOUR_MS);

    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'unknown_outcome' });
    expect(polledAt).toEqual([]);
    expect(accepted).toEqual([[72 * 3_600, 'batch.lost']]);
  });

  it('come at the new time only if the job was removed and added again', async () => {
    const { jobs, polledAt } = trackerOf();
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(30 * SECOND_MS);
    await jobs.remove(job.id);
    await jobs.add({ ...job, createdAt: Date.now() });
    await jest.advanceTimersByTimeAsync(60 * SECOND_MS);

    expect(polledAt).toEqual([90]);
  });

  it('end when the tracker closes', async () => {
    const { jobs, polledAt } = trackerOf();
    await jobs.add(runningJob());
    jobs.close();
    await jest.advanceTimersByTimeAsync(HOUR_MS);

    expect(polledAt).toEqual([]);
  });

  it('do not replace an event that arrived meanwhile', async () => {
    const gate = deferred();
    const { jobs, accepted } = trackerOf({ answer: (job) => gate.promise.then(() => succeeded(job)) });
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    await jobs.notice(deliveryOfJob(job, { type: 'batch.failed' }).event);
    gate.resolve();
    await jest.advanceTimersByTimeAsync(HOUR_MS / 2);

    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'failed' });
    expect(accepted).toEqual([]);
  });

  it('may end a job without an event', async () => {
    const { jobs, accepted } = trackerOf({ answer: () => ({ is: 'settled', settlement: { outcome: 'cancelled' } }) });
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);

    expect(await jobs.settlement(job.id)).toEqual({ outcome: 'cancelled' });
    expect([accepted, logger.of('warn')]).toEqual([[], []]);
  });
});

describe('a poll that fails', () => {
  it('is retried after 5 s, then after twice as long each time, up to an hour', async () => {
    const { jobs } = trackerOf({
      answer: () => {
        throw new Error('down');
      },
    });
    const job = runningJob({ id: 'job.batch.1' });
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(6 * HOUR_MS);

    const delays = [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600, 3_600, 3_600, 3_600];
    expect(logger.of('warn')).toEqual(
      delays.map(
        (delay) => `The job job.batch.1 could not be checked, retrying in ${delay * SECOND_MS} ms: down GeminiWebhooks`,
      ),
    );
  });

  it('is retried at that time, and after a success the delays start over', async () => {
    const { jobs, polledAt } = trackerOf({
      answer: (_job, before) => {
        if (before !== 2) throw new Error('down');
        return { is: 'running' };
      },
    });
    await jobs.add(runningJob());
    await jest.advanceTimersByTimeAsync(145 * SECOND_MS);

    expect(polledAt).toEqual([60, 65, 75, 135, 140]);
  });
});

describe('an event that polling found', () => {
  const failingTimes = (failures: number) => {
    let left = failures;
    return async () => {
      left -= 1;
      if (left >= 0) throw new Error('the handler fails');
    };
  };

  it('is delivered until the handlers succeed, without another poll', async () => {
    const { jobs, polledAt, accepted } = trackerOf({ answer: succeeded, accept: failingTimes(2) });
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(HOUR_MS / 2);

    expect(polledAt).toEqual([60]);
    expect(accepted).toEqual([60, 65, 75].map((at) => [at, 'batch.succeeded']));
  });

  it('is reported with the reason if a handler fails', async () => {
    const { jobs } = trackerOf({ answer: succeeded, accept: failingTimes(1) });
    await jobs.add(runningJob({ id: 'job.batch.1' }));
    await jest.advanceTimersByTimeAsync(HOUR_MS / 2);

    expect(logger.of('warn')).toEqual([
      'The event that polling found for the job job.batch.1 was not handled, retrying in 5000 ms: the handler fails GeminiWebhooks',
    ]);
  });

  it('is reported as lost if a handler fails while the app shuts down', async () => {
    const gate = deferred();
    const accept = () => gate.promise.then(failingTimes(1));
    const { jobs, accepted } = trackerOf({ answer: succeeded, accept });
    await jobs.add(runningJob({ id: 'job.batch.1' }));
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    jobs.close();
    gate.resolve();
    await jest.advanceTimersByTimeAsync(HOUR_MS / 2);

    expect(accepted).toHaveLength(1);
    expect(logger.of('warn')).toEqual([
      'The event that polling found for the job job.batch.1 was not handled, and nothing retries it, because the app is shutting down: the handler fails GeminiWebhooks',
    ]);
  });

  it('is delivered again without a warning while its handlers run: that the inbox logs', async () => {
    const slow = new GeminiWebhooksError('still_processing', 'The handlers took longer than 5000 ms.');
    let left = 2;
    const { jobs, polledAt, accepted } = trackerOf({
      answer: succeeded,
      accept: async () => {
        left -= 1;
        if (left >= 0) throw slow;
      },
    });
    await jobs.add(runningJob());
    await jest.advanceTimersByTimeAsync(HOUR_MS / 2);

    expect([polledAt, accepted.map(([at]) => at)]).toEqual([[60], [60, 65, 75]]);
    expect(logger.of('warn')).toEqual([]);
  });

  it('does not wait for the notice that the job was lost, and neither is delivered twice', async () => {
    const lost = failingTimes(4);
    const { jobs, accepted } = trackerOf({
      answer: (job, before) => (before < 6 ? { is: 'missing' } : succeeded(job)),
      accept: async ({ event }) => {
        if (event.type === 'batch.lost') await lost();
      },
    });
    await jobs.add(runningJob());
    await jest.advanceTimersByTimeAsync(HOUR_MS / 2);

    // The job counts as lost after 360 s. Its end is found with the first retry of the notice.
    expect(accepted).toEqual([
      [360, 'batch.lost'],
      [365, 'batch.lost'],
      [365, 'batch.succeeded'],
      [375, 'batch.lost'],
      [395, 'batch.lost'],
      [435, 'batch.lost'],
    ]);
  });

  it('is also found after the job counted as lost', async () => {
    const { jobs, accepted } = trackerOf({
      answer: (job, before) => (before < 8 ? { is: 'missing' } : succeeded(job)),
    });
    const job = runningJob();
    await jobs.add(job);
    await jest.advanceTimersByTimeAsync(HOUR_MS / 2);

    expect(accepted.map(([, type]) => type)).toEqual(['batch.lost', 'batch.succeeded']);
    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'succeeded' });
  });
});

describe('a job that has ended', () => {
  it.each([
    ['by an event', async (jobs: InlineJobTracker, job: TrackedJob) => jobs.notice(deliveryOfJob(job).event)],
    ['by a poll', () => jest.advanceTimersByTimeAsync(MINUTE_MS)],
  ])('%s makes room for another', async (_how, end) => {
    const { jobs } = trackerOf({ answer: succeeded, maxEntries: 1 });
    const [job, other] = [runningJob(), runningJob()];
    await jobs.add(job);
    await expect(jobs.add(other)).rejects.toMatchObject({ code: 'inbox_unavailable' });
    await end(jobs, job);

    await jobs.add(other);
    expect(await jobs.find({ id: other.id })).toEqual(other);
  });

  it('keeps its outcome, whatever is said about its start', async () => {
    const { jobs } = trackerOf();
    const job = runningJob();
    const refused = { digest: 'd', requestedAt: START, refused: true };
    await jobs.add(job);
    await jobs.notice(deliveryOfJob(job).event);
    await jobs.recordStart(job.id, refused);
    await jobs.recordStart('job.batch.unknown', refused);

    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'succeeded' });
    expect(await jobs.find({ id: 'job.batch.unknown' })).toBeUndefined();
  });

  describe('and its name', () => {
    const ref = { kind: 'batch', name: 'batches/b1', params: {} } as const;
    const refused = { digest: 'd', requestedAt: START, refused: true };
    let at: (minute: number) => Promise<void>;

    beforeEach(async () => {
      const clock = jest.spyOn(performance, 'now');
      at = async (minute) => {
        clock.mockReturnValue(1 + minute * MINUTE_MS);
        await jest.advanceTimersByTimeAsync(SECOND_MS);
      };
      await at(0);
    });

    it('are forgotten together, when the retention has passed since the end', async () => {
      const { jobs } = trackerOf();
      const job = runningJob();
      await jobs.add(job);
      await jobs.rename(job.id, ref.name);
      await at(50);
      await jobs.notice(deliveryOfJob(job).event);

      for (const minute of [70, 109]) {
        await at(minute);
        expect(await jobs.find(ref)).toMatchObject({ id: job.id });
        expect((await jobs.settlement(job.id))?.outcome).toBe('succeeded');
      }
      await at(111);
      expect(await jobs.find(ref)).toBeUndefined();
      expect(await jobs.settlement(job.id)).toBeUndefined();
    });

    it('are remembered while the job runs, however long that is', async () => {
      const { jobs } = trackerOf();
      const job = runningJob({ name: ref.name });
      await jobs.add(job);
      await at(40 * 60);

      expect(await jobs.find(ref)).toEqual(job);
    });

    it('are remembered while its event is undelivered', async () => {
      const { jobs } = trackerOf({ answer: succeeded, accept: () => new Promise(() => undefined) });
      const job = runningJob({ name: ref.name });
      await jobs.add(job);
      await jest.advanceTimersByTimeAsync(MINUTE_MS);
      await at(61);
      expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'succeeded' });

      expect(await jobs.find(ref)).toEqual(job);
    });

    it.each([
      ['removed', async (jobs: InlineJobTracker, { id }: TrackedJob) => jobs.remove(id)],
      [
        'evicted by another one',
        async (jobs: InlineJobTracker, { id }: TrackedJob) => {
          await jobs.recordStart(id, refused);
          for (const other of [runningJob(), runningJob()]) {
            await jobs.add(other);
            await jobs.recordStart(other.id, refused);
          }
        },
      ],
    ])('are forgotten together if the job is %s: another one may have the name', async (_how, forget) => {
      const { jobs } = trackerOf({ maxEntries: 2 });
      // The record of a caller that knew the name only.
      const byName = runningJob({ id: 'name/batch/b1', name: ref.name, bound: false });
      const job = runningJob();
      await jobs.add(byName);
      await jobs.add(job);
      await jobs.rename(job.id, ref.name);
      expect(await jobs.find(ref)).toMatchObject({ id: job.id });
      await forget(jobs, job);

      expect(await jobs.find({ id: job.id })).toBeUndefined();
      expect(await jobs.find(ref)).toEqual(byName);
    });

    it('are kept apart from an earlier job that had the name', async () => {
      const { jobs } = trackerOf();
      const [earlier, later] = [runningJob({ name: ref.name }), runningJob({ name: ref.name })];
      await jobs.add(earlier);
      await jobs.add(later);
      await jobs.remove(earlier.id);

      expect(await jobs.find(ref)).toEqual(later);
    });
  });
});

describe('an event', () => {
  it('keeps the record of its job', async () => {
    const { jobs } = trackerOf();
    const job = runningJob({ displayName: 'mine' });
    await jobs.add(job);
    await jobs.notice(deliveryOfJob({ ...job, name: 'batches/b1' }).event);

    expect(await jobs.find({ id: job.id })).toEqual({ ...job, name: 'batches/b1' });
  });

  it('renames no job whose name is known', async () => {
    const { jobs } = trackerOf();
    const job = runningJob({ name: 'batches/b1' });
    await jobs.add(job);
    await jobs.notice(deliveryOfJob({ ...job, name: 'batches/b2' }).event);

    expect(await jobs.find({ id: job.id })).toEqual(job);
  });

  it.each([true, false])('of an unknown job is remembered with its job (with a token: %s)', async (bound) => {
    const { jobs } = trackerOf();
    const job = runningJob({ name: 'batches/b1', params: { project: 'acme' }, bound });
    await jobs.notice(deliveryOfJob(job).event);

    const { name, params } = job;
    const id = bound ? job.id : 'name/batch/project=acme/b1';
    const record = { id, kind: 'batch', name: 'b1', params, bound, createdAt: START };
    for (const ref of [{ id }, { kind: 'batch', name: name!, params } as const]) {
      const found = await jobs.find(ref);
      expect({ ...found, name: found?.name?.replace('batches/', '') }).toEqual(record);
    }
    expect(await jobs.settlement(id)).toMatchObject({ outcome: 'succeeded' });
  });

  it('without a token ends the job that has its name', async () => {
    const { jobs } = trackerOf();
    const job = runningJob({ name: 'batches/b1', bound: false });
    await jobs.add(job);
    await jobs.notice(deliveryOfJob(job).event);

    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'succeeded' });
  });

  it('that names no resource ends the job of its token, and no other', async () => {
    const { jobs } = trackerOf();
    const job = runningJob();
    const nameless = { data: { id: undefined } };
    await jobs.notice(deliveryOfJob(job, nameless).event);
    expect(await jobs.settlement(job.id)).toBeUndefined();

    await jobs.add(job);
    await jobs.notice(deliveryOfJob(job, nameless).event);
    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'succeeded' });
    expect(await jobs.find({ id: job.id })).toEqual(job);
  });

  it.each([
    ['running', { is: 'running' }],
    ['without an answer', { is: 'unanswered' }],
  ] as const)('that may be a pause does not end a job that a poll finds %s', async (_how, verdict) => {
    const { jobs } = trackerOf({ answer: () => verdict });
    const job = runningJob({ tools: true });
    await jobs.add(job);
    await jobs.notice(deliveryOfJob(job).event);

    expect(await jobs.settlement(job.id)).toBeUndefined();
  });

  it('fails while Gemini cannot be polled for what it means', async () => {
    const { jobs } = trackerOf({ answer: () => ({ is: 'postponed', delayMs: 1_000 }) });
    const job = runningJob({ tools: true });
    await jobs.add(job);

    await expect(jobs.notice(deliveryOfJob(job).event)).rejects.toThrow(
      /^Gemini could not be polled for the outcome of the job$/,
    );
  });

  it('needs no poll once the job has ended', async () => {
    const { jobs, polledAt } = trackerOf();
    const job = runningJob({ tools: true });
    await jobs.add(job);
    await jobs.recordStart(job.id, { digest: 'd', requestedAt: START, refused: true });
    await jobs.notice(deliveryOfJob(job).event);

    expect(polledAt).toEqual([]);
    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'failed' });
  });
});
