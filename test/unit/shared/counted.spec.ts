import { expect, it } from '@jest/globals';
import { counted } from '../../../lib/shared/counted.js';

it.each([
  [0, '0 events'],
  [1, '1 event'],
  [2, '2 events'],
])('the noun agrees with the number: %i', (count, text) => {
  expect(counted(count, 'event')).toBe(text);
});
