import type { GeminiWebhooksSettings } from './gemini-webhooks.options.js';
import { checkGroup, invalid, show } from './option-checks.js';
import type { ReconcileSchedule } from './poll-schedule.js';
import { checkWholeNumbers } from './numbers.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Checked options for starting and polling jobs. */
export interface JobsConfig {
  readonly reconcile: ReconcileSchedule | false;
  readonly webhooks: 'preferred' | 'required' | 'never';
  /** How long a start that was interrupted may still be recovered before it is repeated, in milliseconds. */
  readonly repeatStartAfterMs: number;
}

const LONGEST_MS = 366 * 24 * HOUR_MS;
const WEBHOOKS = ['preferred', 'required', 'never'] as const;

/**
 * @param hasStaticWebhook true if events can arrive without a webhook of the job's own
 * @throws GeminiWebhooksError `invalid_option`
 */
export function jobsConfig(jobs: GeminiWebhooksSettings['jobs'], hasStaticWebhook: boolean): JobsConfig {
  const given = checkGroup(
    'jobs',
    jobs ?? {},
    { reconcile: true, webhooks: true, repeatStartAfterMs: true },
    'Give { reconcile, webhooks, repeatStartAfterMs }.',
  );
  const { webhooks = 'preferred' } = given;
  if (!WEBHOOKS.includes(webhooks)) {
    invalid('jobs.webhooks', `got ${show(webhooks)}`, `Give one of ${WEBHOOKS.map((one) => `'${one}'`).join(', ')}.`);
  }
  const reconcile = reconcileConfig(given.reconcile);
  // With 'preferred', a call's own `uri` can still give its job a webhook: such a start is checked when it is made.
  if (!reconcile && webhooks === 'never' && !hasStaticWebhook) {
    invalid(
      'jobs.reconcile',
      `is false, and jobs.webhooks is 'never': the outcome of a job would never be known`,
      'Leave out one of the two, or set up a static webhook.',
    );
  }
  const { repeatStartAfterMs } = checkWholeNumbers('GeminiWebhooksModule: jobs', given, {
    repeatStartAfterMs: { fallback: 2 * MINUTE_MS, min: 1, max: HOUR_MS },
  });
  return { reconcile, webhooks, repeatStartAfterMs };
}

function reconcileConfig(reconcile: NonNullable<GeminiWebhooksSettings['jobs']>['reconcile']): JobsConfig['reconcile'] {
  if (reconcile === false) return false;
  const given = checkGroup(
    'jobs.reconcile',
    reconcile ?? {},
    { afterMs: true, maxIntervalMs: true, untilMs: true },
    'Give { afterMs, maxIntervalMs, untilMs }, or false.',
  );
  const bounds = { min: 1, max: LONGEST_MS };
  const checked = checkWholeNumbers('GeminiWebhooksModule: jobs.reconcile', given, {
    afterMs: { fallback: 10 * MINUTE_MS, ...bounds },
    maxIntervalMs: { fallback: 6 * HOUR_MS, ...bounds },
    untilMs: { fallback: 72 * HOUR_MS, ...bounds },
  });
  const { untilMs } = checked;
  if (given.afterMs !== undefined && untilMs <= checked.afterMs) {
    invalid(
      'jobs.reconcile.untilMs',
      `is ${untilMs}, and afterMs is ${checked.afterMs}`,
      'Give an untilMs that is longer, or reconcile: false.',
    );
  }
  // Values that are not set default per kind of job.
  const { afterMs, maxIntervalMs } = given;
  return { untilMs, ...(afterMs !== undefined && { afterMs }), ...(maxIntervalMs !== undefined && { maxIntervalMs }) };
}
