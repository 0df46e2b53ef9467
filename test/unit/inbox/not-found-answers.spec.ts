import { describe, expect, it } from '@jest/globals';
import {
  isNotFound,
  nextPollOfMissing,
  oneMoreMissing,
  type MissingAnswers,
} from '../../../lib/inbox/not-found-answers.js';

const MINUTE = 60_000;

function answersAt(...times: readonly number[]): MissingAnswers {
  const [first = 0, ...others] = times;
  return others.reduce((missing, now) => oneMoreMissing(missing, now), oneMoreMissing(undefined, first));
}

describe('a job that Gemini does not know', () => {
  it('counts as not found after five answers over five minutes', () => {
    const answers = answersAt(0, MINUTE, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE);

    expect(isNotFound(answers, 5 * MINUTE)).toBe(true);
  });

  it('does not after four answers, however long they took', () => {
    expect(isNotFound(answersAt(0, 60 * MINUTE, 120 * MINUTE, 180 * MINUTE), 180 * MINUTE)).toBe(false);
  });

  it('does not after many answers in less than five minutes', () => {
    expect(isNotFound(answersAt(0, 1, 2, 3, 4, 5, 6, 7, 5 * MINUTE - 1), 5 * MINUTE - 1)).toBe(false);
  });

  it('is polled soon while the answer is in doubt, and as scheduled before and afterwards', () => {
    const later = 60 * MINUTE;
    const doubtful = answersAt(0);
    const sure = answersAt(0, MINUTE, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE);

    expect(nextPollOfMissing(doubtful, 0, later)).toBe(75_000);
    expect(nextPollOfMissing(doubtful, 0, 1_000)).toBe(1_000);
    expect(nextPollOfMissing(sure, 5 * MINUTE, later)).toBe(later);
  });
});
