import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { VerifiedDelivery } from '../../../lib/events/verified-delivery.js';
import { InlineJobTracker } from '../../../lib/inbox/inline-job-tracker.js';
import { newJob, ScriptedGemini } from '../../support/scripted-gemini.js';

const MINUTE_MS = 60_000;
const LIMITS = { maxEntries: 10, retentionMs: 60 * MINUTE_MS };

beforeEach(() => {
  jest.useFakeTimers();
  Logger.overrideLogger(false);
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a job that counts as lost', () => {
  it('is still polled, and its end is delivered, while a handler fails on the notice of the loss', async () => {
    const gemini = new ScriptedGemini();
    gemini.answer = (job, before) => (before < 12 ? { is: 'missing' } : gemini.succeeded(job));
    const accepted: string[] = [];
    let refusals = 0;
    const accept = async ({ event: { type } }: VerifiedDelivery) => {
      if (type.endsWith('.lost')) {
        refusals += 1;
        throw new Error('the handler fails');
      }
      accepted.push(type);
    };
    const reconcile = { afterMs: MINUTE_MS, maxIntervalMs: MINUTE_MS, untilMs: 72 * 60 * MINUTE_MS };
    const jobs = new InlineJobTracker(gemini.tracking(reconcile), accept, LIMITS);
    jobs.start();
    const job = newJob({ createdAt: Date.now() });
    await jobs.add(job);

    await jest.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'not_found' });
    await jest.advanceTimersByTimeAsync(10 * MINUTE_MS);

    expect(await jobs.settlement(job.id)).toMatchObject({ outcome: 'succeeded' });
    expect(accepted).toEqual(['batch.succeeded']);
    // The backoff does not restart at each poll.
    expect(refusals).toBeLessThan(30);
    jobs.close();
  });
});

describe('two watches with the same function', () => {
  it('are independent: ending one keeps the other', async () => {
    const gemini = new ScriptedGemini();
    const jobs = new InlineJobTracker(gemini.tracking(false), async () => undefined, LIMITS);
    const job = newJob({ createdAt: Date.now() });
    await jobs.add(job);
    const changed = jest.fn();
    const stop = jobs.watch(job.id, changed);
    jobs.watch(job.id, changed);
    stop();

    await jobs.recordStart(job.id, { digest: 'd', requestedAt: Date.now(), refused: true });
    expect(changed).toHaveBeenCalledTimes(1);
    jobs.close();
  });
});

describe('the limit of running jobs', () => {
  it('refuses another job, and says what to use', async () => {
    const gemini = new ScriptedGemini();
    const jobs = new InlineJobTracker(gemini.tracking(false), async () => undefined, { ...LIMITS, maxEntries: 2 });
    const [first, second, third] = [1, 2, 3].map(() => newJob({ createdAt: Date.now() }));
    await jobs.add(first!);
    await jobs.add(second!);

    await jobs.add(second!);
    await expect(jobs.add(third!)).rejects.toMatchObject({
      code: 'inbox_unavailable',
      message: '2 jobs are running, the limit of the inline inbox. Use bullmqInbox to track more.',
    });
    jobs.close();
  });
});

describe('a limit of one running job', () => {
  it('is named in the singular', async () => {
    const jobs = new InlineJobTracker(new ScriptedGemini().tracking(false), async () => undefined, {
      ...LIMITS,
      maxEntries: 1,
    });
    await jobs.add(newJob());

    await expect(jobs.add(newJob())).rejects.toMatchObject({
      message: '1 job is running, the limit of the inline inbox. Use bullmqInbox to track more.',
    });
    jobs.close();
  });
});

describe('the start of an app', () => {
  it('does not poll a job before its time', async () => {
    const gemini = new ScriptedGemini();
    const reconcile = { afterMs: MINUTE_MS, maxIntervalMs: MINUTE_MS, untilMs: 60 * MINUTE_MS };
    const jobs = new InlineJobTracker(gemini.tracking(reconcile), async () => undefined, LIMITS);
    const job = newJob({ createdAt: Date.now() });
    await jobs.add(job);

    jobs.start();
    await jest.advanceTimersByTimeAsync(MINUTE_MS / 2);
    expect(gemini.asked).toEqual([]);
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(gemini.asked).toContain(job.id);
    jobs.close();
  });
});

describe('the events that polling finds before the app has started', () => {
  it('are delivered once it has, while callers see the end of their jobs', async () => {
    const gemini = new ScriptedGemini();
    gemini.answer = (job) => gemini.succeeded(job);
    const accepted: string[] = [];
    const accept = async ({ event: { type } }: VerifiedDelivery) => accepted.push(type);
    const reconcile = { afterMs: 100, maxIntervalMs: MINUTE_MS, untilMs: 60 * MINUTE_MS };
    const jobs = new InlineJobTracker(gemini.tracking(reconcile), accept, LIMITS);
    // More than are checked at the same time.
    const started = Array.from({ length: 10 }, () => newJob({ createdAt: Date.now() }));
    for (const job of started) await jobs.add(job);

    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    for (const { id } of started) expect(await jobs.settlement(id)).toMatchObject({ outcome: 'succeeded' });
    expect(accepted).toEqual([]);

    jobs.start();
    await jest.advanceTimersByTimeAsync(0);
    expect(accepted).toEqual(started.map(() => 'batch.succeeded'));
    await jest.advanceTimersByTimeAsync(MINUTE_MS);
    expect(accepted).toHaveLength(started.length);
    jobs.close();
  });
});
