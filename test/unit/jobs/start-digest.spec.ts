import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../../../lib/jobs/start-digest.js';

const digest = (given: unknown) => digestOf({ kind: 'video', given });

describe('the digest of a start', () => {
  it('does not depend on the order of fields or on how the request is sent', () => {
    const { signal } = new AbortController();

    expect(digest({ b: 1, a: { d: [2], c: 'x' } })).toBe(digest({ a: { c: 'x', d: [2] }, b: 1 }));
    expect(digest({ a: 1, config: { abortSignal: signal, httpOptions: { timeout: 5 } } })).toBe(
      digest({ a: 1, config: {} }),
    );
  });

  it.each([
    ['a value', { input: 'a' }, { input: 'b' }],
    ['the order of a list', { input: ['a', 'b'] }, { input: ['b', 'a'] }],
    ['a type', { input: '1' }, { input: 1 }],
    ['metadata called signal', { user_metadata: { signal: 'buy' } }, { user_metadata: { signal: 'sell' } }],
  ])('differs by %s', (_what, one, other) => {
    expect(digest(one)).not.toBe(digest(other));
  });
});
