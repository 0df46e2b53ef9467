import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OccasionalWarning } from '../../../lib/shared/occasional-warning.js';

let now: number;
const warn = jest.fn<(message: string) => void>();
const make = () => new OccasionalWarning({ warn }, { now: () => now });

beforeEach(() => {
  now = 0;
  warn.mockReset();
});

describe('OccasionalWarning', () => {
  it('logs the first occurrence immediately', () => {
    make().warn('look');

    expect(warn.mock.calls).toEqual([['look']]);
  });

  it('counts every occurrence, and logs once a minute with the number of those not logged', () => {
    const warning = make();
    for (now of [0, 1, 59_999, 60_000, 60_001, 120_000]) warning.warn(`at ${now}`);

    expect(warn.mock.calls.flat()).toEqual([
      'at 0',
      'at 60000 (and 2 more since the last warning)',
      'at 120000 (and 1 more since the last warning)',
    ]);
    expect(warning.count).toBe(6);
  });

  it('does not mention others if there were none', () => {
    const warning = make();
    for (now of [0, 60_000]) warning.warn('look');

    expect(warn.mock.calls.flat()).toEqual(['look', 'look']);
  });
});
