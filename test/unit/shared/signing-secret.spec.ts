import { describe, expect, it } from '@jest/globals';
import { checkSecret, secretKey } from '../../../lib/shared/signing-secret.js';

const bytes = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');

const A = 'A'.repeat(24);

describe('a signing secret', () => {
  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])(
    '%s is decoded to its bytes',
    (secret) => {
      expect(secretKey(secret)).toEqual(bytes);
      expect(checkSecret(secret)).toBeUndefined();
    },
  );

  it.each([`whsec_+/+/${A}`, `whsec_-_-_${A}`, `whsec_${A}AA==`, `whsec_${A}AA`])(
    'may use either alphabet, with or without padding: %s',
    (secret) => {
      expect(checkSecret(secret)).toBeUndefined();
    },
  );

  it.each<[unknown, string]>([
    ['', 'is empty'],
    ['whsec_', 'is not base64'],
    ['whsec_!!', 'is not base64'],
    ['whsec_AA AA', 'is not base64'],
    ['whsec_AAAA\n', 'is not base64'],
    ['"whsec_AAAA"', 'is not base64'],
    ['whsec_====', 'is not base64'],
    ['A', 'is not base64'],
    ['changeme', 'is shorter than 16 bytes once decoded'],
    ['whsec_YQ==', 'is shorter than 16 bytes once decoded'],
    [`whsec_${'A'.repeat(20)}`, 'is shorter than 16 bytes once decoded'],
    [`whsec_whsec_${A}`, 'begins with "whsec_" twice'],
    [`whsec_WHSEC_${A}`, 'has a misspelled "whsec_" prefix'],
    [`whsec-${A}`, 'has a misspelled "whsec_" prefix'],
    [`WHSEC_${A}`, 'has a misspelled "whsec_" prefix'],
    [`Whsec_${A}`, 'has a misspelled "whsec_" prefix'],
    [`wh_sec_${A}`, 'has a misspelled "whsec_" prefix'],
    [`whsec:${A}`, 'has a misspelled "whsec_" prefix'],
    [`whsk_${A}`, 'is another kind of key (whsk_ or whpk_)'],
    [`whsec_+/+_${A}`, 'mixes base64 and base64url'],
    [undefined, 'is not a string'],
    [null, 'is not a string'],
    [7, 'is not a string'],
    [Buffer.alloc(32), 'is not a string'],
  ])('cannot be %j', (secret, problem) => {
    expect(checkSecret(secret)).toBe(problem);
  });
});
