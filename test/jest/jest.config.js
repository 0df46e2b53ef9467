import { BASE, SERVERS, TEST_TIMEOUT_MS } from './base.js';
import { specsOf, TIERS } from './tiers.js';

const MORE = {
  stores: SERVERS,
  chaos: SERVERS,
  sample: SERVERS,
  package: {
    globalSetup: '<rootDir>/test/package/pack.js',
    globalTeardown: '<rootDir>/test/package/unpack.js',
    setupFilesAfterEnv: ['<rootDir>/test/package/patience.ts'],
  },
};

/** One project per tier, so that every file runs with the settings of its tier. */
export default {
  maxWorkers: 1,
  testSequencer: './sequencer.js',
  testTimeout: TEST_TIMEOUT_MS,
  projects: TIERS.map((tier) => ({
    ...BASE,
    ...MORE[tier],
    displayName: tier,
    testMatch: specsOf(tier).map((spec) => `<rootDir>/${spec}`),
  })),
};
