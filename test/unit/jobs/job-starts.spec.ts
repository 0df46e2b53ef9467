import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import type { JobTracker, TrackedJob } from '../../../lib/inbox/job-tracker.js';
import { JobStarts } from '../../../lib/jobs/job-starts.js';
import type { JobPlan } from '../../../lib/jobs/job-starter.js';
import type { JobStartsHost } from '../../../lib/jobs/job-starts-host.js';
import type { JobWebhooks } from '../../../lib/jobs/job-webhooks.js';
import type { JobChecker } from '../../../lib/jobs/polling/job-checker.js';
import { RecordingLogger } from '../../support/recording-logger.js';

/** An error as `fetch` throws it, caused by the connection's. */
const failed = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error('gone'), { code }) });
const named = (name: string) => Object.assign(new Error('aborted'), { name });
const answered = (status: number) => Object.assign(new Error('no'), { status });

let logger: RecordingLogger;

beforeEach(() => {
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});

afterEach(() => {
  Logger.overrideLogger(false);
});

/** Starts a job without a key, whose request fails, and returns how many jobs are recorded after it. */
async function recordedAfter(error: unknown, plan: Partial<JobPlan> = {}, polling: Partial<JobStartsHost> = {}) {
  const records = new Map<string, TrackedJob>();
  const tracker = {
    add: async (job: TrackedJob) => void records.set(job.id, job),
    remove: async (id: string) => void records.delete(id),
  } as unknown as JobTracker;
  const webhooks = { wanted: () => false, bind: true };
  const starts = new JobStarts({
    registration: 'default',
    repeatAfterMs: 120_000,
    closing: new AbortController().signal,
    tracker,
    webhooks: webhooks as unknown as JobWebhooks,
    checker: {} as JobChecker,
    reconcile: true,
    ...polling,
  } satisfies JobStartsHost);
  const fails = async () => {
    throw error;
  };
  await expect(starts.start({ kind: 'batch', given: {}, start: fails, ...plan })).rejects.toBe(error);
  return records.size;
}

describe('a job without a key whose start fails', () => {
  it.each([
    ['the connection is reset', failed('ECONNRESET')],
    ['the connection ends', failed('UND_ERR_SOCKET')],
    ['no headers come in time', failed('UND_ERR_HEADERS_TIMEOUT')],
    ['the request is aborted', named('AbortError')],
    ['the request times out', named('TimeoutError')],
  ])('stays recorded if it is a batch and %s, because it may run', async (_what, error) => {
    expect(await recordedAfter(error)).toBe(1);
    expect(logger.of('warn')).toEqual([expect.stringMatching(/job\.batch\..* may run/)]);
  });

  it.each([
    ['of another kind', { kind: 'video' as const }, {}],
    ['a batch whose display name others may have', { displayName: 'nightly' }, {}],
    ['a batch and no client can poll', {}, { checker: undefined }],
    ['a batch and polling is off', {}, { reconcile: false }],
  ])('is forgotten if it is %s, because nothing would find it', async (_what, plan, polling) => {
    expect(await recordedAfter(failed('ECONNRESET'), plan, polling)).toBe(0);
  });

  it.each([
    ['Gemini refuses it', answered(400)],
    ['Gemini limits the rate', answered(429)],
    ['Gemini answers that it failed', answered(503)],
    ['no connection was made', failed('ECONNREFUSED')],
    ['the host is unknown', failed('ENOTFOUND')],
    ['the SDK refuses the parameters', new Error('dest is not supported')],
    ['the store is down', new GeminiWebhooksError('inbox_unavailable', 'down', { cause: failed('ECONNRESET') })],
  ])('is forgotten if %s', async (_what, error) => {
    expect(await recordedAfter(error)).toBe(0);
    expect(logger.of('warn')).toEqual([]);
  });
});
