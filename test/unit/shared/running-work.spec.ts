import { describe, expect, it, jest } from '@jest/globals';
import { setImmediate as settle } from 'node:timers/promises';
import { listed, RunningWork } from '../../../lib/shared/running-work.js';

describe('RunningWork', () => {
  it('names each handler until its last run has ended', () => {
    const running = new RunningWork();
    const ends = ['Orders.publish', 'Orders.notify', 'Orders.publish'].map((name) => running.begin(name));

    ends[0]?.();
    ends[0]?.();
    expect([running.names, running.size]).toEqual([expect.arrayContaining(['Orders.publish', 'Orders.notify']), 2]);
    ends[2]?.();
    expect([running.names, running.size]).toEqual([['Orders.notify'], 1]);
  });

  it('is idle when the last run has ended', async () => {
    const running = new RunningWork();
    await running.idle();
    const ends = ['Orders.publish', 'Orders.notify'].map((name) => running.begin(name));
    const onIdle = jest.fn();
    const idle = running.idle().then(onIdle);

    ends[0]?.();
    await settle();
    expect(onIdle).not.toHaveBeenCalled();
    ends[1]?.();
    await idle;
  });
});

describe('listed', () => {
  it('ends a log line with the names, if there are any', () => {
    expect([listed(['Orders.publish', 'alerts']), listed([])]).toEqual([': Orders.publish, alerts', '']);
  });
});
