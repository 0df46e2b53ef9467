import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import type { GeminiResourceKind } from '../../../lib/events/event-catalogue.js';
import type { JobTracker, TrackedJob } from '../../../lib/inbox/job-tracker.js';
import { JobStarts } from '../../../lib/jobs/job-starts.js';
import type { JobStartsHost } from '../../../lib/jobs/job-starts-host.js';
import type { JobWebhooks } from '../../../lib/jobs/job-webhooks.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const reset = new TypeError('terminated');
const answered = (status: number) => Object.assign(new Error('no'), { status });

let logger: RecordingLogger;

beforeEach(() => {
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});

afterEach(() => {
  Logger.overrideLogger(false);
});

/** Starts a job without a key, whose request fails, and returns the kinds that are recorded after it. */
async function recordedAfter(error: unknown, kind: GeminiResourceKind, webhook: boolean, bind = true) {
  const records = new Map<string, TrackedJob>();
  const tracker = {
    add: async (job: TrackedJob) => void records.set(job.id, job),
    remove: async (id: string) => void records.delete(id),
  } as unknown as JobTracker;
  const webhooks = { wanted: () => webhook, make: async () => ({ uris: [], userMetadata: {} }), bind };
  const starts = new JobStarts({
    registration: 'default',
    repeatAfterMs: 120_000,
    closing: new AbortController().signal,
    tracker,
    webhooks: webhooks as unknown as JobWebhooks,
  } satisfies JobStartsHost);
  const fails = async () => {
    throw error;
  };
  await expect(starts.start({ kind, given: {}, start: fails })).rejects.toBe(error);
  return [...records.values()].map((job) => job.kind);
}

describe('a job without a key whose start fails', () => {
  it.each([
    ['connection is reset', reset],
    ['request times out', Object.assign(new Error('aborted'), { name: 'TimeoutError' })],
    ['API answers 408', answered(408)],
    ['API answers 503', answered(503)],
  ])('stays recorded if it can be found after the %s, because it may run', async (_what, error) => {
    expect(await recordedAfter(error, 'batch', false)).toEqual(['batch']);
    expect(await recordedAfter(error, 'batch', true)).toEqual(['batch']);
    expect(await recordedAfter(error, 'video', true)).toEqual(['video']);
    expect(await recordedAfter(error, 'interaction', true)).toEqual(['interaction']);
    expect(logger.of('warn')).toHaveLength(4);
    expect(logger.of('warn')[0]).toMatch(/job\.batch\..* may run/);
  });

  it('is forgotten if neither a token nor a display name can identify it', async () => {
    expect(await recordedAfter(reset, 'video', false)).toEqual([]);
    expect(await recordedAfter(reset, 'interaction', true, false)).toEqual([]);
    expect(logger.of('warn')[0]).toMatch(/job\.video\..* may run .*nothing here would find it/);
  });

  it.each([
    ['Gemini refuses it', answered(400)],
    ['Gemini limits the rate', answered(429)],
    ['nothing was sent', new GeminiWebhooksError('inbox_unavailable', 'the store is down')],
  ])('is forgotten if %s', async (_what, error) => {
    expect(await recordedAfter(error, 'batch', true)).toEqual([]);
    expect(logger.of('warn')).toEqual([]);
  });
});
