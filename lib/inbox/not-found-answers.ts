const MIN_ANSWERS = 5;
const MIN_PERIOD_MS = 5 * 60_000;
/** Five answers over five minutes, and not much later. */
const POLL_MS = 75_000;

/** Consecutive answers of "no such job". */
export interface MissingAnswers {
  readonly count: number;
  /** Time of the first one, Unix milliseconds. */
  readonly since: number;
}

/** Counts one more answer of "no such job". */
export function oneMoreMissing(before: MissingAnswers | undefined, now: number): MissingAnswers {
  return { count: (before?.count ?? 0) + 1, since: before?.since ?? now };
}

/**
 * True once the answers prove that the job does not exist: five over at least five minutes. A GET has returned 404 for a
 * running job (googleapis/python-genai#2985).
 */
export function isNotFound({ count, since }: MissingAnswers, now: number): boolean {
  return count >= MIN_ANSWERS && now - since >= MIN_PERIOD_MS;
}

/** Returns the time of the next poll, Unix milliseconds: as scheduled, but soon while the answer is in doubt. */
export function nextPollOfMissing(answers: MissingAnswers, now: number, scheduledAt: number): number {
  return isNotFound(answers, now) ? scheduledAt : Math.min(scheduledAt, now + POLL_MS);
}
