import type { JobsOptions } from 'nestjs-gemini-webhooks';

/** When a job is looked up whose webhook does not come: after ten minutes, or what `JOBS_RECONCILE_AFTER_MS` says. */
export function sampleJobs(env: NodeJS.ProcessEnv = process.env): JobsOptions {
  return { reconcile: { afterMs: Number(env['JOBS_RECONCILE_AFTER_MS'] ?? 600_000) } };
}
