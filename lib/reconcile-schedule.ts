/** When a job is looked up that no event has ended. In milliseconds. */
export interface ReconcileSchedule {
  /** From the start of the job to the first look-up; each interval after it is twice as long. */
  readonly afterMs: number;
  readonly maxIntervalMs: number;
  /** From the start of the job until its outcome counts as unknown. */
  readonly untilMs: number;
}
