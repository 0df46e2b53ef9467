import type { InboxEngine } from '../inbox/inbox-engine.js';
import type { JobTracker } from '../inbox/job-tracker.js';
import type { JobChecker } from './polling/job-checker.js';
import type { JobWebhooks } from './job-webhooks.js';

/** Options of starting jobs. */
export interface JobStartsOptions {
  readonly registration: string;
  /** Absent without a Gemini client. */
  readonly checker?: JobChecker | undefined;
  /** True if jobs are polled. */
  readonly reconcile?: boolean | undefined;
  /** Absent if the inbox has no locks. */
  readonly lock?: InboxEngine['lock'] | undefined;
  /** Time in which an interrupted start may be recovered before it is repeated, in milliseconds. */
  readonly repeatAfterMs: number;
}

/** Dependencies of starting jobs. */
export interface JobStartsHost extends JobStartsOptions {
  readonly tracker: JobTracker;
  readonly webhooks: JobWebhooks;
  /** Aborts when the app shuts down. */
  readonly closing: AbortSignal;
}
