import { describe, expect, it } from '@jest/globals';
import { ManualClock, RealClock } from '../../../../lib/testing/simulator/clock.js';
import { deferred } from '../../../support/deferred.js';

const DAY_MS = 86_400_000;
const atOnce = () => Promise.resolve();

describe('ManualClock', () => {
  it('runs tasks in order of their due times, each at its time', async () => {
    const clock = new ManualClock(atOnce);
    const origin = clock.now();
    const ran: [string, number][] = [];
    const note = (name: string) => () => void ran.push([name, clock.now() - origin]);
    clock.after(30, note('third'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.after(41, note('later'));
    clock.after(Infinity, note('never'));
    await clock.advance(40);

    expect(ran).toEqual([
      ['first', 10],
      ['second', 10],
      ['third', 30],
    ]);
    expect(clock.now() - origin).toBe(40);
  });

  it('runs tasks that other tasks add and that become due meanwhile', async () => {
    const clock = new ManualClock(atOnce);
    const origin = clock.now();
    let ranAt: number | undefined;
    clock.after(10, () => {
      clock.after(10, () => {
        ranAt = clock.now() - origin;
      });
    });
    await clock.advance(DAY_MS);

    expect(ranAt).toBe(20);
  });

  it('stands still until the work that its tasks started is done', async () => {
    const settled = deferred();
    let isBusy = false;
    const clock = new ManualClock(() => (isBusy ? settled.promise : Promise.resolve()));
    const ran: string[] = [];
    clock.after(1, () => {
      isBusy = true;
      ran.push('first');
    });
    clock.after(2, () => void ran.push('second'));
    const advanced = clock.advance(2);
    await new Promise(setImmediate);

    expect(ran).toEqual(['first']);
    settled.resolve();
    await advanced;
    expect(ran).toEqual(['first', 'second']);
  });

  it('runs concurrent calls of advance one after the other', async () => {
    const clock = new ManualClock(atOnce);
    const origin = clock.now();
    await Promise.all([clock.advance(5), clock.advance(7)]);

    expect(clock.now() - origin).toBe(12);
  });

  it('rejects the advance in which a task fails, and continues with the next', async () => {
    const clock = new ManualClock(atOnce);
    clock.after(1, () => Promise.reject(new Error('broken')));
    let isRun = false;
    clock.after(2, () => {
      isRun = true;
    });

    await expect(clock.advance(5)).rejects.toThrow('broken');
    await clock.advance(5);
    expect(isRun).toBe(true);
  });

  it('runs neither cancelled tasks nor any task after stop', async () => {
    const clock = new ManualClock(atOnce);
    const ran: string[] = [];
    const cancel = clock.after(1, () => void ran.push('cancelled'));
    cancel();
    clock.after(2, () => cancelNext());
    const cancelNext = clock.after(2, () => void ran.push('cancelled in its moment'));
    await clock.advance(3);
    clock.after(1, () => void ran.push('stopped'));
    clock.stop();
    clock.after(1, () => void ran.push('after the stop'));
    await clock.advance(3);

    expect(ran).toEqual([]);
  });
});

describe('RealClock', () => {
  it('runs at the given speed', async () => {
    const clock = new RealClock(1_000_000, () => {});
    const startedAt = clock.now();
    await new Promise<void>((resolve) => {
      clock.after(60_000, resolve);
    });

    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
  });

  it('runs tasks in order of their due times, and reports the work they start', async () => {
    const works: Promise<void>[] = [];
    const clock = new RealClock(1000, (work) => works.push(work));
    const ran: string[] = [];
    const work = Promise.resolve();
    await new Promise<void>((resolve) => {
      clock.after(20_000, () => {
        ran.push('second');
        resolve();
      });
      clock.after(10_000, () => {
        ran.push('first');
        return work;
      });
      clock.after(5_000, () => void ran.push('cancelled'))();
    });

    expect(ran).toEqual(['first', 'second']);
    expect(works).toEqual([work]);
  });

  it('does not keep the process alive', () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const clock = new RealClock(1, () => {});
    const before = timers();
    clock.after(3_600_000, () => {});

    expect(timers()).toBe(before);
    clock.stop();
  });

  it('runs no task after stop', async () => {
    const clock = new RealClock(1_000_000, () => {});
    let isRun = false;
    clock.after(0, () => {
      isRun = true;
    });
    clock.stop();
    clock.after(0, () => {
      isRun = true;
    });
    const other = new RealClock(1_000_000, () => {});
    await new Promise<void>((resolve) => {
      other.after(1_000_000, resolve);
    });

    expect(isRun).toBe(false);
  });
});
