import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StoreMonitor } from '../../../../lib/bullmq/store/store-monitor.js';
import { StoreOutages } from '../../../../lib/bullmq/store/store-outages.js';

const WITHIN_MS = 10_000;
const MINUTE_MS = 60_000;

const AGAIN = 'The inbox store is available again.';

describe('the monitor of a store', () => {
  let lines: string[];
  let outages: StoreOutages;
  let monitor: StoreMonitor;
  let request: () => Promise<undefined>;

  const answers = async () => undefined;
  const refuses = () => Promise.reject(new Error('connect ECONNREFUSED'));
  const isSilent = () => new Promise<undefined>(() => undefined);
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    request = answers;
    const log = (line: string) => lines.push(line);
    outages = new StoreOutages({ warn: log, log });
    monitor = new StoreMonitor(outages);
    monitor.start({ getJob: () => request() } as never);
  });

  afterEach(() => {
    monitor.stop();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it.each<[string, () => Promise<undefined>, RegExp]>([
    [
      'refuses connections',
      refuses,
      /^The inbox store is unavailable: connect ECONNREFUSED\. .*deliveries get 503, which Google retries, and no handler runs\.$/,
    ],
    ['does not answer', isSilent, /^The inbox store is unavailable: the store did not answer/],
  ])('reports within 10 s that the store %s, and that it is available again', async (_what, outage, line) => {
    await pass(WITHIN_MS);
    expect(lines).toEqual([]);
    request = outage;
    await pass(WITHIN_MS);
    expect(lines).toEqual([expect.stringMatching(line)]);

    request = answers;
    await pass(WITHIN_MS);
    expect(lines).toEqual([expect.stringMatching(line), AGAIN]);
  });

  it('reports a long outage once a minute', async () => {
    request = refuses;
    await pass(2 * MINUTE_MS + WITHIN_MS);

    expect(lines).toHaveLength(3);
  });

  it('does not report a single failed request', async () => {
    let requests = 0;
    request = () => ((requests += 1) === 1 ? refuses() : answers());
    await pass(WITHIN_MS);

    expect(requests).toBeGreaterThan(2);
    expect(lines).toEqual([]);
  });

  it('does not report timeouts of a process that was busy itself', async () => {
    let busyMs = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + busyMs);
    request = () => {
      busyMs += WITHIN_MS;
      return refuses();
    };
    await pass(WITHIN_MS);

    expect(lines).toEqual([]);
  });

  it('reports nothing after it has stopped, not even a request that was under way', async () => {
    request = refuses;
    await pass(3_000);
    let fail = (_error: Error) => undefined as void;
    request = () => new Promise((_resolve, reject) => (fail = reject));
    await pass(2_000);
    monitor.stop();
    fail(new Error('Connection is closed.'));
    await pass(WITHIN_MS);

    expect(lines).toEqual([]);
  });

  it('leaves the report to connection errors, which say more', async () => {
    request = () => Promise.reject(new Error('the connection is not writeable'));
    for (let second = 0; second < 120; second += 1) {
      outages.unavailable(new Error('NOAUTH'));
      await pass(1_000);
    }

    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain('NOAUTH');
  });

  it('does not say that a store is available again which refuses writes or new connections', async () => {
    outages.writeFailed(new Error('OOM'));
    await pass(WITHIN_MS);
    expect(lines).toEqual([expect.stringContaining('OOM')]);
    outages.available();
    expect(lines).toEqual([expect.stringContaining('OOM'), AGAIN]);

    for (let second = 0; second < 10; second += 1) {
      outages.unavailable(new Error('too many clients'));
      await pass(1_000);
    }
    expect(lines.slice(2)).toEqual([expect.stringContaining('too many clients')]);
    await pass(WITHIN_MS);
    expect(lines.slice(3)).toEqual([AGAIN]);
  });
});
