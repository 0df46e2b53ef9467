import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import { GeminiFailedEvents, UnrecoverableEventError } from '../../lib/index.js';
import { ADAPTERS, closeApps } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import {
  ACCEPTED,
  deliverUntilTaken,
  handlerOf,
  removeTestQueues,
  startDurableApp,
  testQueue,
} from '../support/durable.js';
import { drained } from '../support/queues.js';
import { deliver } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';

jest.setTimeout(30_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
});

const cases = STORES.flatMap((store) => ADAPTERS.map((adapter) => ({ ...store, adapter })));

describe.each(cases)('the durable inbox on $name behind $adapter.adapter', ({ url, adapter }) => {
  it('answers 202 before the handlers have completed, and a 2xx to every duplicate', async () => {
    const [started, gate] = [deferred(), deferred()];
    let runs = 0;
    const queue = testQueue(url);
    const slow = handlerOf('slow', async () => {
      runs += 1;
      started.resolve();
      await gate.promise;
    });
    const { origin } = await startDurableApp(queue, [slow], { adapter });

    await deliverUntilTaken(origin);
    await started.promise;
    expect(await deliver(origin)).toMatchObject(ACCEPTED);
    gate.resolve();
    await drained(queue.queue);
    expect(await deliver(origin)).toMatchObject(ACCEPTED);
    await drained(queue.queue);

    expect(runs).toBe(1);
  });
});

describe.each(STORES)('the durable inbox on $name', ({ url }) => {
  it('handles the event in a worker with the received delivery', async () => {
    const handled = deferred<unknown[]>();
    const handler = handlerOf('one', (event, context) => handled.resolve([event, context]));
    const { origin } = await startDurableApp(testQueue(url), [handler]);

    await deliverUntilTaken(origin, { id: 'batch_7', data: { output_file_uri: 'gs://bucket/out' } });

    const [event, context] = await handled.promise;
    expect(event).toMatchObject({
      type: 'batch.succeeded',
      data: { id: 'batch_7', output_file_uri: 'gs://bucket/out' },
      delivery: { registration: 'default', strategy: 'hmac', sentType: 'batch.succeeded', params: {} },
    });
    expect(context).toMatchObject({ attempt: 1, handler: 'one' });
  });

  it('counts attempts and does not rerun a successful handler', async () => {
    const attempts: Record<string, number[]> = { steady: [], flaky: [] };
    const queue = testQueue(url);
    const { origin } = await startDurableApp(queue, [
      handlerOf('steady', (_event, { attempt }) => attempts['steady']!.push(attempt)),
      handlerOf('flaky', (_event, { attempt }) => {
        attempts['flaky']!.push(attempt);
        if (attempt < 3) throw new Error(`attempt ${attempt}`);
      }),
    ]);

    await deliverUntilTaken(origin);
    await drained(queue.queue);

    expect(attempts).toEqual({ steady: [1], flaky: [1, 2, 3] });
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 0 });
  });

  it('fails an event whose attempts are exhausted, and runs no handler for a later duplicate', async () => {
    const attempts: number[] = [];
    const queue = testQueue(url);
    const { app, origin } = await startDurableApp(queue, [
      handlerOf('broken', (_event, { attempt }) => {
        attempts.push(attempt);
        throw new Error('secret detail');
      }),
    ]);

    await deliverUntilTaken(origin);
    await drained(queue.queue);
    expect(await deliver(origin)).toMatchObject(ACCEPTED);
    await drained(queue.queue);

    expect(attempts).toEqual([1, 2, 3]);
    expect(await app.get(GeminiFailedEvents).list()).toMatchObject([
      { type: 'batch.succeeded', attempts: 3, reason: expect.stringContaining('broken'), handlers: {} },
    ]);
  });

  it('applies UnrecoverableEventError to its handler only: the others keep their attempts, then the event fails', async () => {
    const runs = { hopeless: 0, flaky: 0 };
    const queue = testQueue(url);
    const { app, origin } = await startDurableApp(queue, [
      handlerOf('hopeless', () => {
        runs.hopeless += 1;
        throw new UnrecoverableEventError('never');
      }),
      handlerOf('flaky', () => {
        runs.flaky += 1;
        if (runs.flaky < 3) throw new Error('not yet');
      }),
    ]);

    await deliverUntilTaken(origin);
    await drained(queue.queue);

    expect(runs).toEqual({ hopeless: 1, flaky: 3 });
    expect(await app.get(GeminiFailedEvents).list()).toMatchObject([
      { reason: expect.stringContaining('hopeless'), handlers: { hopeless: 'failed', flaky: 'succeeded' } },
    ]);
  });

  it('aborts the signal after timeoutMs, and counts a run that still succeeds', async () => {
    const aborted: unknown[] = [];
    let runs = 0;
    const queue = testQueue(url);
    const late = deferred();
    const slow = handlerOf(
      'slow',
      async (_event, { signal }) => {
        runs += 1;
        signal.addEventListener('abort', () => {
          aborted.push((signal.reason as Error).name);
          late.resolve();
        });
        await late.promise;
      },
      { timeoutMs: 30 },
    );
    const { origin } = await startDurableApp(queue, [slow]);

    await deliverUntilTaken(origin);
    await drained(queue.queue);

    expect([runs, aborted]).toEqual([1, ['TimeoutError']]);
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 0 });
  });

  it('names the handlers that still run when drainTimeoutMs has passed', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const started = deferred();
    const hanging = handlerOf('hanging', (_event, { signal }) => {
      started.resolve();
      return once(signal, 'abort');
    });
    const { app, origin } = await startDurableApp(testQueue(url), [hanging, handlerOf('quick')], {
      drainTimeoutMs: 100,
    });
    await deliverUntilTaken(origin);
    await started.promise;

    await app.close();

    const lines = warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('drainTimeoutMs'));
    warn.mockRestore();
    expect(lines).toEqual([expect.stringMatching(/still running after drainTimeoutMs \(100 ms\): hanging\. Their/)]);
  });

  it('handles at most `concurrency` events at once', async () => {
    const [full, gate] = [deferred(), deferred()];
    let [running, most] = [0, 0];
    const queue = testQueue(url);
    const busy = handlerOf('busy', async () => {
      running += 1;
      most = Math.max(most, running);
      if (running === 3) full.resolve();
      await gate.promise;
      running -= 1;
    });
    const { origin } = await startDurableApp(queue, [busy], { concurrency: 3 });

    for (let event = 0; event < 8; event += 1) await deliverUntilTaken(origin, { id: `batch_${event}` });
    await full.promise;
    expect(await queue.queue.getJobCounts('active', 'waiting')).toEqual({ active: 3, waiting: 5 });
    gate.resolve();
    await drained(queue.queue);

    expect(most).toBe(3);
  });
});
