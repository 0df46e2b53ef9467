import { describe, expect, it } from '@jest/globals';
import type { Answer } from '../../../../lib/cli/answer.js';
import { clockCheck } from '../../../../lib/cli/doctor/clock.js';

const answer = (clockAheadMs: number | undefined): Answer => ({
  status: 200,
  word: '',
  error: '',
  clockAheadMs,
  milliseconds: 1,
  json: undefined,
});
const check = (app: number | undefined, google: number | undefined) => clockCheck(answer(app), answer(google));

describe('clockCheck', () => {
  it.each([
    [400_000, 400_500, 'passed', "goes as the key server's"],
    [20_000, 0, 'passed', "20 s ahead of the key server's"],
    [-31_000, 0, 'failed', "31 s behind the key server's"],
    [0, -400_000, 'failed', "400 s ahead of the key server's"],
    [-400_000, undefined, 'failed', "400 s behind this machine's"],
    [undefined, 0, 'skipped', 'no date'],
  ])('of an app %p ms ahead and a key server %p ms ahead: %s', (app, google, state, found) => {
    expect(check(app, google)).toMatchObject({ state, found: expect.stringContaining(found) });
  });
});
