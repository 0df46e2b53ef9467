import { describe, expect, it } from '@jest/globals';
import { workerOptions } from '../../../../lib/bullmq/store/worker-options.js';

describe('the options of an inbox’s workers', () => {
  it.each([
    { lockDurationMs: 30_000, withinMs: 45_000 },
    { lockDurationMs: 10_000, withinMs: 15_000 },
    { lockDurationMs: 1_000, withinMs: 2_000 },
  ])('give a killed worker’s jobs to another one within $withinMs ms of its last sign of life', (given) => {
    const { lockDuration, stalledInterval } = workerOptions({ ...given, telemetry: undefined }, 16);
    expect(lockDuration! + stalledInterval!).toBeLessThanOrEqual(given.withinMs);
  });
});
