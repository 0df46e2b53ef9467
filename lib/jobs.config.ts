import type { GeminiWebhooksSettings } from './gemini-webhooks.options.js';
import { checkGroup, invalid } from './option-checks.js';
import type { ReconcileSchedule } from './reconcile-schedule.js';
import { checkWholeNumbers } from './whole-number.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** @throws GeminiWebhooksError `invalid_option` */
export function reconcileConfig(jobs: GeminiWebhooksSettings['jobs']): ReconcileSchedule | false {
  const { reconcile = {} } = checkGroup('jobs', jobs ?? {}, { reconcile: true }, 'Give { reconcile }.');
  if (reconcile === false) return false;
  const given = checkGroup(
    'jobs.reconcile',
    reconcile,
    { afterMs: true, maxIntervalMs: true, untilMs: true },
    'Give { afterMs, maxIntervalMs, untilMs }, or false.',
  );
  const longest = 366 * 24 * HOUR_MS;
  const schedule = checkWholeNumbers('GeminiWebhooksModule: jobs.reconcile', given, {
    afterMs: { fallback: 10 * MINUTE_MS, least: 1, most: longest },
    maxIntervalMs: { fallback: 6 * HOUR_MS, least: 1, most: longest },
    untilMs: { fallback: 72 * HOUR_MS, least: 1, most: longest },
  });
  if (schedule.untilMs <= schedule.afterMs) {
    invalid(
      'jobs.reconcile.untilMs',
      `is ${schedule.untilMs}, and afterMs ${schedule.afterMs}`,
      'Give an untilMs that is longer, or reconcile: false.',
    );
  }
  return schedule;
}
