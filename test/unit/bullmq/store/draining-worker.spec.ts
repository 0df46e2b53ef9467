import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DrainingWorker } from '../../../../lib/bullmq/store/draining-worker.js';
import type { StoreWorker } from '../../../../lib/bullmq/store/inbox-store.js';
import { RunningWork } from '../../../../lib/shared/running-work.js';
import { deferred, type Deferred } from '../../../support/deferred.js';

const DRAIN_TIMEOUT_MS = 10_000;

describe('a worker that drains', () => {
  let closed: Deferred<void>;
  let work: RunningWork;
  let worker: DrainingWorker<object, void>;
  let drained: boolean | undefined;

  const drain = () => void worker.drain(DRAIN_TIMEOUT_MS).then((isDrained) => (drained = isDrained));
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  beforeEach(async () => {
    jest.useFakeTimers();
    closed = deferred();
    work = new RunningWork();
    drained = undefined;
    const made = { waitUntilReady: async () => undefined, close: () => closed.promise, isRunning: () => true };
    worker = new DrainingWorker({
      make: async () => made as unknown as StoreWorker<object, void>,
      work: [work],
      onFailure: () => undefined,
    });
    worker.start();
    await pass(0);
    expect(worker.state).toBe('running');
  });

  afterEach(() => {
    jest.useRealTimers();
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
