import type { GoogleGenAI } from '@google/genai';
import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JobTracker } from '../../../lib/inbox/job-tracker.js';
import { interactionPlan } from '../../../lib/jobs/job-plans.js';
import { JobStarts } from '../../../lib/jobs/job-starts.js';
import type { JobStartsHost } from '../../../lib/jobs/job-starts-host.js';
import type { JobWebhooks } from '../../../lib/jobs/job-webhooks.js';

beforeAll(() => {
  Logger.overrideLogger(false);
});

/** Starts an interaction, and returns the time limit that the SDK got for its request. */
async function limitOf(options: { idempotencyKey?: string }, timeout?: number): Promise<number | undefined> {
  let limit: number | undefined;
  const create = async (_params: unknown, { timeout_ms }: { timeout_ms?: number }) => {
    limit = timeout_ms;
    return { id: 'v1_1' };
  };
  const ai = { interactions: { create }, httpOptions: { timeout } } as unknown as GoogleGenAI;
  const starts = new JobStarts({
    registration: 'default',
    repeatAfterMs: 120_000,
    closing: new AbortController().signal,
    tracker: { find: async () => undefined, add: async () => {}, rename: async () => {} } as unknown as JobTracker,
    webhooks: { wanted: () => false, bind: true } as unknown as JobWebhooks,
  } satisfies JobStartsHost);
  await starts.start(interactionPlan(ai, { model: 'gemini-3.8-flash', input: 'how deep is the sea?' }, options));
  return limit;
}

describe('the request to start an interaction', () => {
  it('with a key ends before it could be repeated, so that it does not block other starts for ever', async () => {
    expect(await limitOf({ idempotencyKey: 'q' })).toBe(108_000);
  });

  it("keeps the client's own time limit", async () => {
    expect(await limitOf({ idempotencyKey: 'q' }, 5_000)).toBeUndefined();
  });

  it('without a key has none of ours', async () => {
    expect(await limitOf({})).toBeUndefined();
  });
});
