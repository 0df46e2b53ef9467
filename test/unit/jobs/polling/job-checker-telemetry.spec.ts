import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { GoogleGenAI } from '@google/genai';
import { Logger } from '@nestjs/common';
import * as api from '@opentelemetry/api';
import type { TrackedJob } from '../../../../lib/inbox/job-tracker.js';
import { JobChecker } from '../../../../lib/jobs/polling/job-checker.js';
import { OpenTelemetry } from '../../../../lib/telemetry/open-telemetry.js';
import { ExportedTelemetry } from '../../../support/telemetry.js';

const exported = new ExportedTelemetry();
const attributes = { 'gemini.webhooks.registration': 'default', 'gemini.webhooks.job_kind': 'batch' };
const job: TrackedJob = {
  id: 'job.batch.1',
  kind: 'batch',
  name: 'batches/k9-private',
  params: {},
  bound: true,
  webhook: true,
  createdAt: 0,
};

beforeEach(async () => {
  Logger.overrideLogger(false);
  await exported.reset();
});
afterAll(() => exported.shutdown());

function checkerOf(get: () => Promise<unknown>): JobChecker {
  return new JobChecker({ batches: { get } } as unknown as GoogleGenAI, 'default', new OpenTelemetry(api));
}

describe('a poll', () => {
  it('is a span in which the request runs, and is counted', async () => {
    let during: string | undefined;
    const checker = checkerOf(async () => {
      during = api.trace.getActiveSpan()?.spanContext().spanId;
      return { name: 'batches/k9-private', state: 'JOB_STATE_RUNNING' };
    });

    await checker.check(job, undefined);

    const ended = { ...attributes, 'gemini.webhooks.outcome': 'running' };
    const span = await exported.span('poll batch');
    expect(span.attributes).toEqual(ended);
    expect(span.spanContext().spanId).toBe(during);
    expect(await exported.points()).toEqual({ 'gemini.webhooks.polls': [{ attributes: ended, value: 1 }] });
  });

  it('counts an event whose webhook did not arrive', async () => {
    const checker = checkerOf(async () => ({ name: 'batches/k9-private', state: 'JOB_STATE_SUCCEEDED' }));

    await checker.check(job, undefined);
    await checker.check({ ...job, webhook: false }, undefined);

    expect(await exported.points()).toMatchObject({
      'gemini.webhooks.polls': [{ attributes: { 'gemini.webhooks.outcome': 'ended' }, value: 2 }],
      'gemini.webhooks.missed_webhooks': [{ attributes, value: 1 }],
    });
  });

  it.each([
    [500, 'unanswered', api.SpanStatusCode.ERROR],
    [429, 'postponed', api.SpanStatusCode.ERROR],
    [404, 'missing', api.SpanStatusCode.UNSET],
  ])('that is answered with %i ends as %s', async (status, outcome, code) => {
    const checker = checkerOf(() => Promise.reject(Object.assign(new RangeError('k9-private'), { status })));

    await checker.check(job, undefined);

    const span = await exported.span('poll batch');
    expect(span).toMatchObject({ status: { code }, attributes: { 'gemini.webhooks.outcome': outcome } });
    expect(JSON.stringify([span.attributes, span.events, span.status])).not.toContain('k9-private');
  });

  it('that did not start is neither a span nor counted', async () => {
    const get = jest.fn(() => Promise.reject(Object.assign(new Error('slow down'), { status: 429 })));
    const checker = checkerOf(get);
    await checker.check(job, undefined);
    await exported.reset();

    expect(await checker.check(job, undefined)).toMatchObject({ is: 'postponed' });

    expect(get).toHaveBeenCalledTimes(1);
    expect([exported.spans, await exported.points()]).toEqual([[], {}]);
  });
});
