import { describe, expect, it } from '@jest/globals';
import { formatDuration } from '../../../lib/shared/format-duration.js';

describe('formatDuration', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [119, '119 seconds'],
    [120, '2 minutes'],
    [7_199, '119 minutes'],
    [38_707, '10 hours'],
    [172_800, '2 days'],
  ])('formats %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
