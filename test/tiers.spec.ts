import { describe, expect, it } from '@jest/globals';
import { specsOf, tierOf, TIERS } from './jest/tiers.js';

describe('the tiers', () => {
  it('contain each test in one of them, and none is empty', () => {
    const all = TIERS.flatMap(specsOf);

    expect(new Set(all).size).toBe(all.length);
    expect(TIERS.filter((tier) => specsOf(tier).length === 0)).toEqual([]);
  });

  it.each([
    ['test/unit/shared/signing-secret.spec.ts', 'fast'],
    ['test/e2e/delivery.e2e.spec.ts', 'fast'],
    ['test/unit/bullmq/store/redis/redis-locks.spec.ts', 'stores'],
    ['test/e2e/bullmq-pgbouncer.e2e.spec.ts', 'stores'],
    ['test/chaos/killed-event.spec.ts', 'chaos'],
    ['test/package/cli.spec.ts', 'package'],
  ])('put %s in %s, by its imports or its folder', (spec, tier) => {
    expect(tierOf(spec)).toBe(tier);
  });

  it('follow indirect imports', () => {
    // The file does not mention a store, but its support code does.
    expect(tierOf('test/e2e/jobs-faults.e2e.spec.ts')).toBe('stores');
  });
});
