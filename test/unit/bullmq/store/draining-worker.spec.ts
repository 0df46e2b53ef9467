import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DrainingWorker, undrainedWarning } from '../../../../lib/bullmq/store/draining-worker.js';
import type { StoreWorker } from '../../../../lib/bullmq/store/inbox-store.js';
import { RunningWork } from '../../../../lib/shared/running-work.js';
import { deferred, type Deferred } from '../../../support/deferred.js';

const DRAIN_TIMEOUT_MS = 10_000;

describe('a worker that drains', () => {
  let closed: Deferred<void>;
  let work: RunningWork;
  let worker: DrainingWorker<object, void>;
  let drained: boolean | undefined;
  let ready: Deferred<void>;
  let run: jest.Mock<() => Promise<void>>;

  const make = () => {
    const made = { waitUntilReady: () => ready.promise, run, close: () => closed.promise, isRunning: () => true };
    return new DrainingWorker<object, void>({
      make: async () => made as unknown as StoreWorker<object, void>,
      work: [work],
      onFailure: () => undefined,
    });
  };
  const drain = () => void worker.drain(DRAIN_TIMEOUT_MS).then((isDrained) => (drained = isDrained));
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  beforeEach(async () => {
    jest.useFakeTimers();
    closed = deferred();
    ready = deferred();
    ready.resolve();
    run = jest.fn(() => new Promise<void>(() => undefined));
    work = new RunningWork();
    drained = undefined;
    worker = make();
    worker.start();
    await pass(0);
    expect(worker.state).toBe('running');
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('takes no job before it is ready, since a stop would not wait for it', async () => {
    expect(run).toHaveBeenCalledTimes(1);
    ready = deferred();
    const next = make();
    next.start();
    await pass(0);
    expect([next.state, run.mock.calls.length]).toEqual(['starting', 1]);
    ready.resolve();
    await pass(0);
    expect([next.state, run.mock.calls.length]).toEqual(['running', 2]);
  });

  it('is done as soon as it has closed', async () => {
    drain();
    expect(worker.state).toBe('stopped');
    closed.resolve();
    await pass(0);
    expect(drained).toBe(true);
  });

  it('waits for a handler, and reports one that still runs after the timeout', async () => {
    work.begin('Orders.publish');
    drain();
    await pass(DRAIN_TIMEOUT_MS - 1);
    expect(drained).toBeUndefined();
    await pass(1);
    expect(drained).toBe(false);
  });

  it('waits for a handler whose job has ended, because it exceeded its timeout', async () => {
    const end = work.begin('Orders.publish');
    closed.resolve();
    drain();
    await pass(5_000);
    expect(drained).toBeUndefined();
    end();
    await pass(0);
    expect(drained).toBe(true);
  });

  it.each([
    [['Orders.publish'], /^Handlers were still running after drainTimeoutMs \(100 ms\): Orders\.publish\. /],
    [[], /^An event was still waiting for an answer from Gemini after drainTimeoutMs \(100 ms\)\. /],
  ])('warns of what it did not wait for: %j', (handlers, warning) => {
    expect(undrainedWarning(handlers, 100)).toMatch(warning);
  });

  it('waits briefly for jobs that were told to end', async () => {
    drain();
    await pass(2_000);
    let hasWaited = false;
    void worker.interrupted().then(() => (hasWaited = true));
    await pass(499);
    expect(hasWaited).toBe(false);
    closed.resolve();
    await pass(0);
    expect(hasWaited).toBe(true);
  });

  it('gives jobs that only wait for the store two seconds', async () => {
    const end = work.begin('Orders.publish');
    drain();
    await pass(5_000);
    end();
    await pass(1_999);
    expect(drained).toBeUndefined();
    await pass(1);
    expect(drained).toBe(true);
  });

  it('gives them two seconds too if no handler runs', async () => {
    drain();
    await pass(1_999);
    expect(drained).toBeUndefined();
    await pass(1);
    expect(drained).toBe(true);
  });

  it('waits for a handler that starts meanwhile', async () => {
    work.begin('Orders.publish')();
    drain();
    await pass(1_000);
    const end = work.begin('Orders.notify');
    await pass(2_000);
    expect(drained).toBeUndefined();
    end();
    closed.resolve();
    await pass(0);
    expect(drained).toBe(true);
  });
});
