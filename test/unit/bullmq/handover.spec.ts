import { beforeEach, describe, expect, it } from '@jest/globals';
import { handover } from '../../../lib/bullmq/handover.js';
import type { DeliveryJob, HandoverWay } from '../../../lib/bullmq/inbox-store.js';

let moves: string[];
let delaysMs: number[];

const job = {
  id: 'e1',
  moveToDelayed: async (dueAt: number) => {
    moves.push('delayed');
    delaysMs.push(dueAt - Date.now());
  },
  moveToWait: async () => void moves.push('put back'),
} as unknown as DeliveryJob;

beforeEach(() => {
  moves = [];
  delaysMs = [];
});

/** Leaves the job so often, and tells what the processor is to throw each time. */
async function leave(times: number, way: HandoverWay): Promise<string[]> {
  const leaveJob = await handover(way);
  const thrown: string[] = [];
  for (let time = 0; time < times; time += 1) thrown.push((await leaveJob(job, 'token')).name);
  return thrown;
}

describe('a job that is left to another worker', () => {
  it('is delayed and put back by turns, so that it comes to others whether they are idle or busy', async () => {
    const thrown = await leave(6, { putBackFirst: 0, holdMs: 1 });

    expect(moves).toEqual(['delayed', 'put back', 'put back', 'delayed', 'put back', 'put back']);
    expect(thrown).toEqual(moves.map((move) => (move === 'delayed' ? 'DelayedError' : 'WaitingError')));
  });

  it('is not delayed at first where delayed jobs make workers deadlock', async () => {
    await leave(4, { putBackFirst: 3, holdMs: 1 });
    expect(moves).toEqual(['put back', 'put back', 'put back', 'delayed']);
  });

  it('waits ever longer, and never much longer than a second', async () => {
    await leave(40, { putBackFirst: 0, holdMs: 1 });

    expect(delaysMs[0]).toBeLessThanOrEqual(100);
    expect(delaysMs.at(-1)).toBeGreaterThanOrEqual(700);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(1_600);
  });
});
