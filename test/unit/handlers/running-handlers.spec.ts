import { describe, expect, it } from '@jest/globals';
import { listed, RunningHandlers } from '../../../lib/handlers/running-handlers.js';

describe('RunningHandlers', () => {
  it('names each handler until its last run has ended', () => {
    const running = new RunningHandlers();
    const ends = ['Orders.publish', 'Orders.notify', 'Orders.publish'].map((name) => running.begin(name));

    ends[0]?.();
    ends[0]?.();
    expect([running.names, running.size]).toEqual([expect.arrayContaining(['Orders.publish', 'Orders.notify']), 2]);
    ends[2]?.();
    expect([running.names, running.size]).toEqual([['Orders.notify'], 1]);
  });
});

describe('listed', () => {
  it('ends a log line with the names, if there are any', () => {
    expect([listed(['Orders.publish', 'alerts']), listed([])]).toEqual([': Orders.publish, alerts', '']);
  });
});
