import { describe, expect, it } from '@jest/globals';
import type { HttpResult } from '../../../../lib/cli/http-response.js';
import { clockCheck } from '../../../../lib/cli/doctor/clock.js';

const resultWith = (clockAheadMs: number | undefined): HttpResult => ({
  status: 200,
  code: '',
  error: '',
  clockAheadMs,
  milliseconds: 1,
  json: undefined,
  mediaType: '',
});
const check = (app: number | undefined, google: number | undefined) => clockCheck(resultWith(app), resultWith(google));

describe('clockCheck', () => {
  it.each([
    [400_000, 400_500, 'passed', /^\D+key server\D+$/],
    [20_000, 0, 'passed', /\b20 s ahead\b.*key server/],
    [-31_000, 0, 'failed', /\b31 s behind\b.*key server/],
    [0, -400_000, 'failed', /\b400 s ahead\b.*key server/],
    [-400_000, undefined, 'failed', /\b400 s behind\b.*this machine/],
    [undefined, 0, 'skipped', /\bdate\b/],
  ])('of an app %p ms ahead and a key server %p ms ahead: %s', (app, google, state, facts) => {
    expect(check(app, google)).toMatchObject({ state, found: expect.stringMatching(facts) });
  });

  it('blames no missing date where the app sent no response', () => {
    const { state, found } = clockCheck({ ...resultWith(undefined), status: undefined }, undefined);

    expect(state).toBe('skipped');
    expect(found).not.toContain('date');
  });
});
