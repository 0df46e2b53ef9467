import { describe, expect, it } from '@jest/globals';
import { checkWholeNumbers } from '../../../lib/config/numbers.js';
import { refusalOf } from '../../support/verifying.js';

const rules = { size: { fallback: 5, min: 1, max: 10 } };
const check = (size: unknown) => checkWholeNumbers('owner', { size }, rules);

describe('a numeric option', () => {
  it('has its default if it is not set', () => {
    expect(checkWholeNumbers('owner', {}, rules)).toEqual({ size: 5 });
    expect(check(undefined)).toEqual({ size: 5 });
  });

  it.each([1, 7, 10])('accepts %d, which is within its bounds', (size) => {
    expect(check(size)).toEqual({ size });
  });

  it.each([
    [0, 'got 0'],
    [11, 'got 11'],
    [1.5, 'got 1.5'],
    ['7', 'got "7"'],
    [7n, 'got a bigint'],
    [Number.NaN, 'got NaN'],
    [Infinity, 'got Infinity'],
    [[7], 'got a list'],
    [true, 'got a boolean'],
  ])('rejects %p with the owner, its name, the given value and the bounds', async (size, given) => {
    const { code, message } = await refusalOf(() => check(size));

    expect(code).toBe('invalid_option');
    expect(message).toMatch(/^owner: size: got .*Give a whole number from 1 to 10\.$/);
    expect(message).toContain(given);
  });
});
