import { describe, expect, it } from '@jest/globals';
import { fromDeliveryJobData, toDeliveryJobData, withDecision } from '../../../../lib/bullmq/store/delivery-job.js';
import { GeminiWebhooksError } from '../../../../lib/errors.js';
import { INBOX_TIMING } from '../../../../lib/bullmq/bullmq-inbox.options.js';
import { DeliveryBench } from '../../../support/delivery-bench.js';
import { deliveryOf } from '../../../support/deliveries.js';

const refused = { type: 'video.failed', data: { id: 'v1', reason: 'filtered' } } as const;

function benchFor(type = 'interaction.completed'): DeliveryBench {
  const bench = new DeliveryBench();
  bench.job.data = toDeliveryJobData(deliveryOf({ type, id: 'v1' }));
  return bench;
}

describe('an event whose type must be decided', () => {
  it('is handled as the decided one, which is stored before handlers run', async () => {
    const bench = benchFor();
    let storedFirst: unknown;
    bench.host = { decide: async () => refused };
    bench.handle = async () => void (storedFirst = bench.job.data.decided);

    expect(await bench.work()).toBeUndefined();
    expect(storedFirst).toBeDefined();
    expect(fromDeliveryJobData(bench.job.data).event).toMatchObject({ type: 'video.failed', data: refused.data });
  });

  it('is decided once', async () => {
    const bench = benchFor();
    let decisions = 0;
    bench.host = {
      decide: async () => {
        decisions += 1;
        return refused;
      },
    };
    bench.job.data = withDecision(bench.job.data, refused);

    expect(await bench.work()).toBeUndefined();
    expect(decisions).toBe(0);
  });

  it('keeps its type if nothing is decided', async () => {
    const bench = benchFor();
    bench.host = { decide: async () => undefined };

    expect(await bench.work()).toBeUndefined();
    expect(bench.job.data).not.toHaveProperty('decided');
    expect(bench.ran).toEqual(['mine']);
  });

  it('is postponed by the time at the worker while Gemini does not answer, and runs no handler', async () => {
    const bench = benchFor();
    const pending = new GeminiWebhooksError('still_processing', 'Gemini does not answer.');
    bench.host = { decide: () => Promise.reject(pending) };

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect([bench.ran, bench.postponedTo]).toEqual([[], [bench.now + 250]]);
    expect(bench.job.progress).toEqual({ undecidedSince: bench.now });
  });

  it('is postponed if the decision cannot be stored, and runs no handler', async () => {
    const bench = benchFor();
    bench.host = { decide: async () => refused };
    bench.job.updateData = () => Promise.reject(new Error('down'));

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.troubles).toEqual(['The store failed, so an event is postponed: down']);
    expect(bench.ran).toEqual([]);
  });
});

describe('the processor of delivery jobs', () => {
  it('notes only the handlers that want the event, under an unknown type those of every event', async () => {
    const bench = benchFor('batch.invented_later');
    bench.patterns = ['batch.*'];
    bench.outcome = { retryable: ['other'], final: [] };
    await bench.work();
    expect(bench.job.progress).not.toHaveProperty('unfinished');

    bench.patterns = ['*'];
    await bench.work();
    expect(bench.job.progress).toMatchObject({ unfinished: ['mine'] });
  });

  it('notes the handlers of a known type', async () => {
    const bench = benchFor('batch.completed');
    bench.patterns = ['batch.succeeded'];
    bench.outcome = { retryable: ['mine', 'other'], final: [] };

    expect(await bench.work()).toMatchObject({
      message: "mine, other failed (attempt 1); the app's log has the reason",
    });
    expect(bench.job.progress).toMatchObject({ unfinished: ['mine'] });
  });

  it('handles the event if its log line cannot be written, and reports that', async () => {
    const bench = new DeliveryBench();
    bench.outcome = { retryable: [], final: ['mine', 'other'] };
    bench.job.log = () => Promise.reject(new Error('down'));

    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError' });
    expect(bench.troubles).toEqual(["A job's log could not be written: down"]);
  });

  it('takes an event as wanted elsewhere if the handlers of other processes cannot be read', async () => {
    const bench = new DeliveryBench();
    const matching = bench.roster.matching.bind(bench.roster);
    bench.roster.matching = () => {
      throw new Error('down');
    };
    bench.handle = async () => void (bench.roster.matching = matching);

    expect(await bench.work()).toBeUndefined();
    expect(bench.wantedElsewhere).toEqual([true]);
  });

  it.each([
    ['worker', 'other', (bench: DeliveryBench) => bench.elsewhere('theirs')],
    ['process that only receives', 'web', (bench: DeliveryBench) => bench.receiver('theirs')],
  ])('waits for a handler of another %s also after that process has stopped', async (_what, node, join) => {
    const bench = new DeliveryBench();
    join(bench);
    expect(await bench.work()).toMatchObject({ name: expect.stringMatching(/Waiting|Delayed/) });
    bench.roster.remove(node);
    bench.now += 5 * 60_000;
    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.waits.at(-1)).toContain('No live process has theirs');
    bench.now += INBOX_TIMING.handlerWaitMs;

    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError', message: /no live worker has theirs/ });
    expect(bench.ran).toEqual(['mine']);
  });

  it('postpones an event that no worker handles, and after 10 s says so with all names', async () => {
    const bench = new DeliveryBench();
    Object.assign(bench.job.data, { idleHandlers: ['gone', 'lost'] });
    await bench.work();
    expect(bench.postponedTo).toEqual([bench.now + 250]);
    expect([bench.waits, bench.logged.length]).toEqual([[], 1]);
    bench.now += 10_000;
    await bench.work();

    expect(bench.waits).toEqual([
      'Events wait for handlers that no worker has: gone, lost. No live process has gone, lost: start a worker that has it. Apps that share a store but no handlers each need their own queueName. After 15 minutes an event fails, and GeminiFailedEvents replays it.',
    ]);
    expect(bench.logged).toEqual(['attempt 1: waiting for a worker that has gone, lost']);
    expect(bench.postponedTo.at(-1)).toBe(bench.now + 2_500);
  });

  it('postpones an event that waits for a worker also if the store fails', async () => {
    const bench = new DeliveryBench();
    Object.assign(bench.job.data, { idleHandlers: ['gone'] });
    const { moveToDelayed } = bench.job;
    bench.job.moveToDelayed = async () => {
      bench.job.moveToDelayed = moveToDelayed;
      throw new Error('down');
    };

    expect(await bench.work()).toMatchObject({ name: 'DelayedError' });
    expect(bench.troubles).toEqual(['The store failed, so an event is postponed: down']);
  });

  it('names all handlers that failed permanently', async () => {
    const bench = new DeliveryBench();
    bench.job.progress = { handlers: { other: 'failed' } };
    bench.outcome = { retryable: [], final: ['mine'] };

    expect(await bench.work()).toMatchObject({ message: 'other, mine failed for good' });
  });

  it('continues the trace that is stored with the event', async () => {
    const bench = new DeliveryBench();
    const resumed: unknown[] = [];
    Object.assign(bench.job.data, { trace: { traceparent: '00-1' } });
    bench.host = {
      traces: {
        carrier: () => undefined,
        resume: (carrier, work) => {
          resumed.push(carrier);
          return work();
        },
      },
    };

    expect(await bench.work()).toBeUndefined();
    expect([resumed, bench.ran]).toEqual([[{ traceparent: '00-1' }], ['mine']]);

    Object.assign(bench.job, { data: undefined });
    expect(await bench.work()).toMatchObject({ name: 'UnrecoverableError' });
  });
});
