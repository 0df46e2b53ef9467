/**
 * When to poll a job whose event has not arrived, in milliseconds. Each kind of job has its own schedule. A value that is
 * set here applies to every kind.
 */
export interface ReconcileSchedule {
  /** Time from the start of the job to the first poll. Each later interval is twice as long. */
  readonly afterMs?: number | undefined;
  readonly maxIntervalMs?: number | undefined;
  /** Time from the start of the job until its outcome counts as unknown. */
  readonly untilMs: number;
}
