import type { FactoryProvider } from '@nestjs/common';
import type { GeminiWebhooksConfig } from '../../config/gemini-webhooks.config.js';
import {
  GEMINI_WEBHOOKS_CONFIG,
  GEMINI_WEBHOOKS_INBOX,
  GEMINI_WEBHOOKS_JOB_CONFIRMATION,
} from '../../gemini-webhooks.tokens.js';
import type { InboxEngine } from '../../inbox/inbox-engine.js';
import { Telemetry } from '../../telemetry/telemetry.js';
import { confirmByPoll } from './confirm-by-poll.js';
import { JobChecker } from './job-checker.js';

/** Providers that poll Gemini. `undefined` without a Gemini client. */
export const POLLING_PROVIDERS: readonly FactoryProvider[] = [
  {
    provide: JobChecker,
    useFactory: ({ gemini, name }: GeminiWebhooksConfig, telemetry: Telemetry | undefined) =>
      gemini && new JobChecker(gemini, name, telemetry),
    inject: [GEMINI_WEBHOOKS_CONFIG, Telemetry],
  },
  {
    provide: GEMINI_WEBHOOKS_JOB_CONFIRMATION,
    useFactory: ({ jobs }: InboxEngine, checker: JobChecker | undefined) =>
      jobs && checker && confirmByPoll(jobs, checker),
    inject: [GEMINI_WEBHOOKS_INBOX, JobChecker],
  },
];
