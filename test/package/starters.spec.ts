import { describe } from '@jest/globals';
import { starters } from '../types/option-sets.js';
import { whatCompiles } from '../types/what-compiles.js';

describe.each(starters)('with $name', ({ options }) => {
  whatCompiles(options);
});
