import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventLoopMonitor } from '../../../../lib/bullmq/deliveries/event-loop-monitor.js';

const LOCK_MS = 1_000;

describe('EventLoopMonitor', () => {
  let now: number;
  let lines: string[];
  let watch: EventLoopMonitor;

  beforeEach(() => {
    jest.useFakeTimers();
    now = 0;
    lines = [];
    watch = new EventLoopMonitor(LOCK_MS, { onBlocked: (line) => lines.push(line), now: () => now });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /** Time in which timers fire as they should. */
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 10) {
      now += 10;
      jest.advanceTimersByTime(10);
    }
  };
  const block = (ms: number) => {
    now += ms;
  };

  it('reports nothing up to half of the lock, nor when a run ends that has ended', () => {
    const end = watch.begin('Orders.publish');
    block(LOCK_MS / 2);
    end();
    block(10 * LOCK_MS);
    end();

    expect(lines).toEqual([]);
  });

  it('ticks until the last handler has ended', () => {
    const [endFirst, endLast] = [watch.begin('Orders.publish'), watch.begin('Orders.audit')];
    endFirst();
    expect(jest.getTimerCount()).toBe(1);
    endLast();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('reports which handler blocked the event loop for more than half of the lock, and for how long', () => {
    const end = watch.begin('Orders.publish');
    block(1_400);
    end();

    expect(lines).toEqual([
      expect.stringMatching(
        /^The event loop was blocked for 1\.4 s while Orders\.publish ran\. .*1 s \(lockDurationMs\).*second time/,
      ),
    ]);
  });

  it('reports a handler that is still running', () => {
    const end = watch.begin('Orders.publish');
    pass(500);
    block(800);
    pass(200);
    expect(lines).toHaveLength(1);

    pass(500);
    end();
    expect(lines).toHaveLength(1);
  });

  it('names every handler that was running, but none that started later', () => {
    const ends = [watch.begin('A.a'), watch.begin('B.b')];
    block(2_000);
    ends.push(watch.begin('C.c'));
    for (const end of ends) end();

    expect(lines).toEqual([expect.stringContaining('while A.a, B.b ran')]);
  });

  it('does not report shorter blocks or blocks while no handler runs', () => {
    const first = watch.begin('A.a');
    block(400);
    first();
    block(5_000);
    const next = watch.begin('A.a');
    pass(2_000);
    next();

    expect(lines).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
