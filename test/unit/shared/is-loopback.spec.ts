import { describe, expect, it } from '@jest/globals';
import { isLoopback } from '../../../lib/shared/is-loopback.js';

describe('isLoopback', () => {
  it.each(['http://localhost', 'http://127.0.0.1:1', 'http://127.1', 'https://[::1]:443', 'http://LOCALHOST'])(
    'is true for the host of %s',
    (url) => {
      expect(isLoopback(new URL(url).hostname)).toBe(true);
    },
  );

  it.each([
    'http://192.0.2.1',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://[2001:db8::1]',
    'http://example.com/localhost',
  ])('is false for the host of %s', (url) => {
    expect(isLoopback(new URL(url).hostname)).toBe(false);
  });
});
