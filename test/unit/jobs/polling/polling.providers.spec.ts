import { describe, expect, it } from '@jest/globals';
import {
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_INBOX,
  GEMINI_WEBHOOKS_JOB_CONFIRMATION,
} from '../../../../lib/gemini-webhooks.tokens.js';
import { JobChecker } from '../../../../lib/jobs/polling/job-checker.js';
import { POLLING_PROVIDERS } from '../../../../lib/jobs/polling/polling.providers.js';
import { Telemetry } from '../../../../lib/telemetry/telemetry.js';

const make = (token: unknown, ...given: unknown[]): unknown =>
  POLLING_PROVIDERS.find(({ provide }) => provide === token)!.useFactory(...given);
const checker = new JobChecker({} as never, 'default');

describe('the providers that poll Gemini', () => {
  it('get what they need, in order', () => {
    expect(POLLING_PROVIDERS.map(({ provide, inject }) => [provide, inject])).toEqual([
      [JobChecker, [GEMINI_WEBHOOKS_CONFIG, Telemetry]],
      [GEMINI_WEBHOOKS_JOB_CONFIRMATION, [GEMINI_WEBHOOKS_INBOX, JobChecker]],
    ]);
  });

  it('are there only with a client of Gemini and an inbox that records jobs', () => {
    expect(make(JobChecker, { gemini: {}, name: 'default' })).toBeInstanceOf(JobChecker);
    expect(make(JobChecker, { gemini: undefined, name: 'default' })).toBeUndefined();
    expect(make(GEMINI_WEBHOOKS_JOB_CONFIRMATION, { jobs: {} }, checker)).toEqual(expect.any(Function));
    expect(make(GEMINI_WEBHOOKS_JOB_CONFIRMATION, { jobs: {} }, undefined)).toBeUndefined();
    expect(make(GEMINI_WEBHOOKS_JOB_CONFIRMATION, {}, checker)).toBeUndefined();
  });
});
