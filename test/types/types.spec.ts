import { describe, jest } from '@jest/globals';
import { ownOptions } from './option-sets.js';
import { whatCompiles } from './what-compiles.js';

jest.setTimeout(120_000);

describe('with our own settings', () => {
  whatCompiles(ownOptions());
});
