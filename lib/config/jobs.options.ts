/** @see GeminiWebhooksSettings.jobs */
export interface JobsOptions {
  /**
   * Polls a job if its webhook does not arrive, and delivers the event from the result. `false` turns polling off.
   * @default on
   */
  readonly reconcile?: ReconcileOptions | false | undefined;
  /**
   * Controls whether jobs start with a dynamic webhook. `preferred`: they do if `publicUrl` or the call's `uri` is set;
   * otherwise they are only polled. `required`: starting a job without either throws `invalid_option`. `never`: jobs are
   * only polled.
   * @default 'preferred'
   */
  readonly webhooks?: 'preferred' | 'required' | 'never' | undefined;
  /**
   * Time to recover an interrupted start with an `idempotencyKey` before the request is repeated, in milliseconds. Must be
   * longer than a request to Gemini takes. Up to one hour.
   * @default 120000 (2 min)
   */
  readonly repeatStartAfterMs?: number | undefined;
}

/** @see JobsOptions.reconcile */
export interface ReconcileOptions {
  /**
   * Time from a job's start to its first poll, in milliseconds, for every kind of job. Each interval after it is twice as
   * long.
   * @default videos and jobs without a webhook: 10000, then whenever the job is 1.15 times as old; others: 600000 (10 min)
   */
  readonly afterMs?: number | undefined;
  /**
   * Max interval between two polls, in milliseconds, for every kind of job.
   * @default 21600000 (6 h); jobs without a webhook: 300000 (5 min)
   */
  readonly maxIntervalMs?: number | undefined;
  /**
   * Time from a job's start until it ends as `unknown_outcome`, in milliseconds.
   * @default 259200000 (72 h)
   */
  readonly untilMs?: number | undefined;
}
