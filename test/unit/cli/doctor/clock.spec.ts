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
    [400_000, 400_500, 'passed', "agrees with the key server's"],
    [20_000, 0, 'passed', "20 s ahead of the key server's"],
    [-31_000, 0, 'failed', "31 s behind the key server's"],
    [0, -400_000, 'failed', "400 s ahead of the key server's"],
    [-400_000, undefined, 'failed', "400 s behind this machine's"],
    [undefined, 0, 'skipped', 'no date'],
  ])('of an app %p ms ahead and a key server %p ms ahead: %s', (app, google, state, found) => {
    expect(check(app, google)).toMatchObject({ state, found: expect.stringContaining(found) });
  });

  it('blames no missing date where the app sent no response', () => {
    const { state, found } = clockCheck({ ...resultWith(undefined), status: undefined }, undefined);

    expect(state).toBe('skipped');
    expect(found).not.toContain('date');
  });
});
