import { describe, expect, it, jest } from '@jest/globals';
import {
  isUndecided,
  postponeUndecided,
  trackedDecisions,
} from '../../../../lib/bullmq/deliveries/undecided-events.js';
import type { DeliveryCheckpoints, DeliveryProgress } from '../../../../lib/bullmq/deliveries/delivery-checkpoints.js';
import { toDeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import type { DeliveryJob } from '../../../../lib/bullmq/store/inbox-store.js';
import { GeminiWebhooksError } from '../../../../lib/errors.js';
import { RunningWork } from '../../../../lib/shared/running-work.js';
import { deferred } from '../../../support/deferred.js';
import { deliveryOf } from '../../../support/deliveries.js';

const HOUR_MS = 3_600_000;
const NOW = 1_700_000_000_000;
const pending = new GeminiWebhooksError('still_processing', 'Gemini does not answer.');

/** Postpones an event that has been undecided for this long. */
async function postpone({ ageMs, error = pending }: { ageMs?: number; error?: unknown }) {
  const calls: unknown[][] = [];
  const job = {
    log: async (line: string) => calls.push(['log', line]),
    moveToDelayed: async (at: number, token: string) => calls.push(['delayed', at - NOW, token]),
  } as unknown as DeliveryJob;
  const progress: DeliveryProgress = ageMs === undefined ? {} : { undecidedSince: NOW - ageMs };
  const update = async (changes: DeliveryProgress) => void calls.push(['update', changes]);
  const checkpoints = { progress, update } as unknown as DeliveryCheckpoints;
  return { thrown: await postponeUndecided(job, 'token', { checkpoints, error, now: NOW }), calls };
}

describe('an event that cannot be decided', () => {
  it('is logged and postponed, and its progress says since when', async () => {
    const { thrown, calls } = await postpone({});

    expect(thrown).toMatchObject({ name: 'DelayedError' });
    expect(calls).toEqual([
      ['log', 'waiting for Gemini: Gemini does not answer.'],
      ['update', { undecidedSince: NOW }],
      ['delayed', 250, 'token'],
    ]);
  });

  it.each([
    [400, 250],
    [20_000, 10_000],
    [119_000, 59_500],
    [600_000, 60_000],
    [24 * HOUR_MS, 60_000],
  ])('that has waited for %i ms waits for %i ms more, without another log line', async (ageMs, delayMs) => {
    expect((await postpone({ ageMs })).calls).toEqual([['delayed', delayMs, 'token']]);
  });

  it('fails after 24 hours', async () => {
    expect(await postpone({ ageMs: 24 * HOUR_MS + 1 })).toEqual({ thrown: pending, calls: [] });
  });

  it.each([[new Error('still_processing')], [new GeminiWebhooksError('not_found', 'It is gone.')]])(
    'is not postponed for another reason: %s',
    async (error) => {
      expect(await postpone({ error })).toEqual({ thrown: error, calls: [] });
    },
  );
});

describe('whether an event is undecided', () => {
  const dataOf = (type: string) => toDeliveryJobData(deliveryOf({ type }));
  const data = dataOf('interaction.completed');

  it.each([
    ['the end of a video job as an interaction is', 'video', { data }, true],
    ['an event that has not finished is', 'video', { data, finishedOn: null }, true],
    ['a finished event is not', 'video', { data, finishedOn: NOW }, false],
    ['the end of an interaction job is not', 'interaction', { data }, false],
    ['another event is not', 'video', { data: dataOf('interaction.requires_action') }, false],
  ] as const)('%s', (_what, kind, job, isIt) => {
    expect(isUndecided({ kind }, job)).toBe(isIt);
  });
});

describe('a decision at Gemini', () => {
  const sent = deliveryOf();

  it('counts as running work until it is made or fails', async () => {
    const work = new RunningWork();
    for (const end of ['resolve', 'reject'] as const) {
      const answer = deferred<undefined>();
      const deciding = Promise.resolve(trackedDecisions({ decide: () => answer.promise }, work)(sent));
      expect(work.names).toEqual([sent.event.type]);
      if (end === 'resolve') answer.resolve(undefined);
      else answer.reject(new Error('503'));
      await deciding.catch(() => undefined);
      expect(work.size).toBe(0);
    }
  });

  it('is none for an event that needs none', () => {
    const work = { begin: jest.fn(() => () => undefined) };
    expect(trackedDecisions({ decide: () => undefined }, work)(sent)).toBeUndefined();
    expect(trackedDecisions({}, work)(sent)).toBeUndefined();
    expect(work.begin).not.toHaveBeenCalled();
  });
});
