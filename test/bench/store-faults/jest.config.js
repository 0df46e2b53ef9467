import { BASE, SERVERS, TEST_TIMEOUT_MS } from '../../jest/base.js';

/** The faults need what the chaos tests have, and are no test: they run for minutes, to be measured. */
export default {
  ...BASE,
  ...SERVERS,
  testMatch: ['<rootDir>/test/bench/store-faults/faults.bench.ts'],
  testTimeout: TEST_TIMEOUT_MS,
  maxWorkers: 1,
  forceExit: true,
};
