import { describe, expect, it } from '@jest/globals';
import { checkSecret, secretKey } from '../../lib/secret.js';

const bytes = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');

describe('a signing secret', () => {
  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])(
    '%s is its bytes',
    (secret) => {
      expect(secretKey(secret)).toEqual(bytes);
      expect(checkSecret(secret)).toBeUndefined();
    },
  );

  it.each(['whsec_+/+/', 'whsec_-_-_', 'whsec_AA==', 'whsec_AA'])(
    'may be in either alphabet, padded or not: %s',
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
    [undefined, 'is not a string'],
    [null, 'is not a string'],
    [7, 'is not a string'],
    [Buffer.alloc(32), 'is not a string'],
  ])('%j is none', (secret, problem) => {
    expect(checkSecret(secret)).toBe(problem);
  });
});
