import { describe, expect, it } from '@jest/globals';
import { keySetCheck } from '../../../../lib/cli/doctor/key-set.js';

const check = (status: number | undefined, json: unknown) =>
  keySetCheck(new URL('https://keys.example/jwks.json'), {
    status,
    code: '',
    error: 'refused',
    clockAheadMs: 0,
    milliseconds: 1,
    json,
    mediaType: 'application/json',
  });

describe('keySetCheck', () => {
  it('counts the keys by kind', () => {
    const keys = [{ kty: 'OKP', crv: 'Ed25519' }, { kty: 'RSA' }, { kty: 'OKP', crv: 'Ed25519' }, { kty: 'oct' }];

    expect(check(200, { keys })).toMatchObject({
      state: 'passed',
      found: expect.stringMatching(/keys\.example.*\b2 Ed25519\b.*\b1 RSA\b.*\b1 other\b/),
    });
  });

  it.each([
    [200, { keys: [] }],
    [200, { keys: [{ kty: 'oct' }, null] }],
    [200, 'text'],
    [404, { keys: [{ kty: 'RSA' }] }],
    [undefined, undefined],
  ])('fails for %p with %p', (status, json) => {
    expect(check(status, json)).toMatchObject({ state: 'failed' });
  });
});
