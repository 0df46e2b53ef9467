import { beforeEach, describe, expect, it } from '@jest/globals';
import { handOffWith } from '../../../../lib/bullmq/peers/hand-off.js';
import type { DeliveryJob, HandOffPolicy } from '../../../../lib/bullmq/store/inbox-store.js';

let moves: string[];
let delaysMs: number[];

const job = {
  id: 'e1',
  moveToDelayed: async (dueAt: number) => {
    moves.push('delayed');
    delaysMs.push(dueAt - Date.now());
  },
  moveToWait: async () => void moves.push('requeued'),
} as unknown as DeliveryJob;

beforeEach(() => {
  moves = [];
  delaysMs = [];
});

/** Hands off the job `times` times and returns the errors that the processor must throw. */
async function handOff(times: number, policy: HandOffPolicy): Promise<string[]> {
  const handOffJob = await handOffWith(policy);
  const thrown: string[] = [];
  for (let time = 0; time < times; time += 1) thrown.push((await handOffJob(job, 'token')).name);
  return thrown;
}

describe('a delivery job that is handed off', () => {
  it('is delayed and requeued alternately, so that it reaches idle and busy workers', async () => {
    const thrown = await handOff(6, { requeuesBeforeDelay: 0, requeueDelayMs: 1 });

    expect(moves).toEqual(['delayed', 'requeued', 'requeued', 'delayed', 'requeued', 'requeued']);
    expect(thrown).toEqual(moves.map((move) => (move === 'delayed' ? 'DelayedError' : 'WaitingError')));
  });

  it('is not delayed at first if delayed jobs make workers deadlock', async () => {
    await handOff(4, { requeuesBeforeDelay: 3, requeueDelayMs: 1 });
    expect(moves).toEqual(['requeued', 'requeued', 'requeued', 'delayed']);
  });

  it('waits longer each time, but never much longer than a second', async () => {
    await handOff(40, { requeuesBeforeDelay: 0, requeueDelayMs: 1 });

    expect(delaysMs[0]).toBeLessThanOrEqual(100);
    expect(delaysMs.at(-1)).toBeGreaterThanOrEqual(700);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(1_600);
  });
});
