import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StoreChecks } from '../../../../lib/bullmq/store/store-checks.js';

const HOUR_MS = 3_600_000;

describe('the checks of a store', () => {
  let aheadMs: number;
  let lines: string[];
  let checks: StoreChecks;
  const logger = { warn: (line: string) => lines.push(line) };
  const store = {
    warnings: async () => ['a setting'],
    clock: {
      compare: async () => ({ aheadMs, uncertaintyMs: 0 }),
      server: 'PostgreSQL',
      skewEffect: 'Locks go by it.',
    },
  };

  beforeEach(() => {
    jest.useFakeTimers();
    aheadMs = 0;
    lines = [];
    checks = new StoreChecks(logger as never);
  });

  afterEach(() => {
    checks.stop();
    jest.useRealTimers();
  });

  const afterHours = (hours: number) => jest.advanceTimersByTimeAsync(hours * HOUR_MS);

  it('report the settings once and compare the clocks at start and every hour', async () => {
    await checks.run(store, { clock: true });
    expect(lines).toEqual(['a setting']);

    await afterHours(1);
    expect(lines).toHaveLength(1);
    aheadMs = 2_500;
    await afterHours(2);
    expect(lines.slice(1)).toEqual(
      Array.from({ length: 2 }, () =>
        expect.stringContaining("This process's clock is 2.5 s ahead of PostgreSQL's. Locks go by it."),
      ),
    );
  });

  it('do not compare the clocks of receive-only processes', async () => {
    aheadMs = 60_000;
    await checks.run(store, { clock: false });
    await afterHours(3);

    expect(lines).toEqual(['a setting']);
  });

  it('stop with the inbox and do not report later failures', async () => {
    aheadMs = 60_000;
    await checks.run(store, { clock: true });
    checks.stop();
    await afterHours(3);
    await checks.run({ ...store, warnings: () => Promise.reject(new Error('closed')) }, { clock: true });

    expect(lines).toHaveLength(2);
  });

  it('report what they could not read and still compare the clocks', async () => {
    aheadMs = 60_000;
    await checks.run({ ...store, warnings: () => Promise.reject(new Error('refused')) }, { clock: true });
    expect(lines).toEqual(["The store's settings could not be read: refused", expect.stringContaining('60.0 s ahead')]);

    const deaf = { ...store, clock: { ...store.clock, compare: () => Promise.reject(new Error('refused')) } };
    await checks.run(deaf, { clock: true });
    expect(lines.at(-1)).toBe("The store's clock could not be read: refused");
  });
});
