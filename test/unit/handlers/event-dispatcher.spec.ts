import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { TimeoutError, UnrecoverableEventError } from '../../../lib/errors.js';
import type { GeminiEventFailure } from '../../../lib/events/event-failure.js';
import type { EventHandler } from '../../../lib/handlers/event-handler.js';
import { EventDispatcher } from '../../../lib/handlers/event-dispatcher.js';
import type { GeminiHandlerContext } from '../../../lib/handlers/handler-context.js';
import { HandlerRegistry } from '../../../lib/handlers/handler-registry.js';
import { LedgerEntry } from '../../../lib/inbox/delivery-ledger.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';

const delivery = deliveryOf();

/** A handler whose runs the test settles one by one. */
function controlled(name: string, timeoutMs?: number) {
  const runs: (Deferred & { context: GeminiHandlerContext })[] = [];
  const handler: EventHandler = {
    name,
    patterns: ['*'],
    timeoutMs,
    invoke: (_event, context) => {
      const run = { ...deferred(), context };
      runs.push(run);
      return run.promise;
    },
  };
  return { handler, runs };
}

function dispatcherOf(...handlers: EventHandler[]) {
  const registry = new HandlerRegistry();
  registry.add(handlers);
  const dispatcher = new EventDispatcher(registry);
  const failures: GeminiEventFailure[] = [];
  dispatcher.failures$.subscribe((failure) => failures.push(failure));
  return { dispatcher, failures };
}

beforeEach(() => {
  jest.useFakeTimers();
  Logger.overrideLogger(false);
});
afterEach(() => {
  jest.useRealTimers();
});

describe('EventDispatcher', () => {
  it('starts all handlers before any has ended, and tells each its own context', async () => {
    const one = controlled('one');
    const two = controlled('two');
    const { dispatcher } = dispatcherOf(one.handler, two.handler);

    const outcome = dispatcher.dispatch(delivery, { attempt: 3, checkpoints: new LedgerEntry() });
    await jest.advanceTimersByTimeAsync(0);
    const started = [...one.runs, ...two.runs].map(({ context }) => [context.handler, context.attempt]);
    for (const { resolve } of [...one.runs, ...two.runs]) resolve();

    expect(started).toEqual([
      ['one', 3],
      ['two', 3],
    ]);
    expect(await outcome).toEqual({ retryable: [], final: [] });
  });

  it('names what is to be tried again and what has failed for good', async () => {
    const [fine, failing, hopeless] = [controlled('fine'), controlled('failing'), controlled('hopeless')];
    const { dispatcher } = dispatcherOf(fine.handler, failing.handler, hopeless.handler);
    const checkpoints = new LedgerEntry();

    const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints });
    await jest.advanceTimersByTimeAsync(0);
    fine.runs[0]?.resolve();
    failing.runs[0]?.reject(new Error('later'));
    hopeless.runs[0]?.reject(new UnrecoverableEventError());

    expect(await outcome).toEqual({ retryable: ['failing'], final: ['hopeless'] });
    expect(['fine', 'failing', 'hopeless'].map((name) => checkpoints.has(name))).toEqual([true, false, true]);
  });

  it('is not over before its checkpoints are kept', async () => {
    const kept = deferred();
    const { handler, runs } = controlled('one');
    const { dispatcher } = dispatcherOf(handler);
    const settled: string[] = [];

    const outcome = dispatcher
      .dispatch(delivery, { attempt: 1, checkpoints: { has: () => false, settle: () => kept.promise } })
      .then(() => settled.push('outcome'));
    await jest.advanceTimersByTimeAsync(0);
    runs[0]?.resolve();
    await jest.advanceTimersByTimeAsync(1000);
    settled.push('kept');
    kept.resolve();

    await outcome;
    expect(settled).toEqual(['kept', 'outcome']);
  });

  it.each([
    { what: 'a success', end: undefined },
    { what: 'a final failure', end: new UnrecoverableEventError() },
  ])('tries again when the checkpoint of $what cannot be kept', async ({ end }) => {
    const { handler, runs } = controlled('one');
    const { dispatcher } = dispatcherOf(handler);
    const outcome = dispatcher.dispatch(delivery, {
      attempt: 1,
      checkpoints: { has: () => false, settle: () => Promise.reject(new Error('the store is down')) },
    });
    await jest.advanceTimersByTimeAsync(0);
    if (end) runs[0]?.reject(end);
    else runs[0]?.resolve();

    expect(await outcome).toEqual({ retryable: ['one'], final: [] });
  });

  it('hands the signal of the run on, and leaves no listener on it', async () => {
    const shutdown = new AbortController();
    const { handler, runs } = controlled('one');
    const { dispatcher } = dispatcherOf(handler);
    const add = jest.spyOn(shutdown.signal, 'addEventListener');
    const remove = jest.spyOn(shutdown.signal, 'removeEventListener');

    const outcome = dispatcher.dispatch(delivery, {
      attempt: 1,
      checkpoints: new LedgerEntry(),
      signal: shutdown.signal,
    });
    await jest.advanceTimersByTimeAsync(0);
    const { signal } = runs[0]!.context;
    const reason = new Error('shutting down');
    shutdown.abort(reason);
    expect(signal.reason).toBe(reason);
    runs[0]?.resolve();
    await outcome;

    expect(add).toHaveBeenCalledTimes(1);
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener));
  });

  describe('timeoutMs', () => {
    const attempt = async (dispatcher: EventDispatcher, number: number, checkpoints: LedgerEntry, forMs: number) => {
      const outcome = dispatcher.dispatch(delivery, { attempt: number, checkpoints });
      await jest.advanceTimersByTimeAsync(forMs);
      return outcome;
    };

    it('fails the attempt when it has passed, not before, and aborts the signal', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher, failures } = dispatcherOf(handler);
      const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints: new LedgerEntry() });

      await jest.advanceTimersByTimeAsync(999);
      expect(runs[0]?.context.signal.aborted).toBe(false);
      await jest.advanceTimersByTimeAsync(1);

      expect(await outcome).toEqual({ retryable: ['slow'], final: [] });
      expect(runs[0]?.context.signal.reason).toBeInstanceOf(TimeoutError);
      expect(failures).toMatchObject([{ handler: 'slow', error: { name: 'TimeoutError' }, final: false }]);
    });

    it('leaves no timer behind when the handler ends in time', async () => {
      const { handler, runs } = controlled('quick', 1000);
      const { dispatcher } = dispatcherOf(handler);
      const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints: new LedgerEntry() });
      await jest.advanceTimersByTimeAsync(0);
      runs[0]?.resolve();
      await outcome;

      expect(jest.getTimerCount()).toBe(0);
      expect(runs[0]?.context.signal.aborted).toBe(false);
    });

    it('does not let the handler start again until the old run has ended, and then does', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      const checkpoints = new LedgerEntry();

      expect(await attempt(dispatcher, 1, checkpoints, 1000)).toMatchObject({ retryable: ['slow'] });
      expect(await attempt(dispatcher, 2, checkpoints, 1000)).toMatchObject({ retryable: ['slow'] });
      expect(runs).toHaveLength(1);

      const third = dispatcher.dispatch(delivery, { attempt: 3, checkpoints });
      await jest.advanceTimersByTimeAsync(500);
      expect(runs).toHaveLength(1);
      runs[0]?.reject(new Error('aborted at last'));
      await jest.advanceTimersByTimeAsync(0);
      expect(runs).toHaveLength(2);
      runs[1]?.resolve();
      expect(await third).toEqual({ retryable: [], final: [] });
    });

    it('holds up no other event', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      await attempt(dispatcher, 1, new LedgerEntry(), 1000);

      const other = dispatcher.dispatch(deliveryOf({ id: 'batch_2' }), { attempt: 1, checkpoints: new LedgerEntry() });
      await jest.advanceTimersByTimeAsync(0);
      runs[1]?.resolve();
      expect(await other).toEqual({ retryable: [], final: [] });
    });

    it('takes a late success for one', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      const checkpoints = new LedgerEntry();
      await attempt(dispatcher, 1, checkpoints, 1000);

      runs[0]?.resolve();
      await jest.advanceTimersByTimeAsync(0);

      expect(checkpoints.has('slow')).toBe(true);
      expect(await attempt(dispatcher, 2, checkpoints, 0)).toEqual({ retryable: [], final: [] });
      expect(runs).toHaveLength(1);
    });

    it('takes a late final failure for one, and emits it', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher, failures } = dispatcherOf(handler);
      const checkpoints = new LedgerEntry();
      await attempt(dispatcher, 1, checkpoints, 1000);

      const error = new UnrecoverableEventError('never');
      runs[0]?.reject(error);
      await jest.advanceTimersByTimeAsync(0);

      expect(failures.map((failure) => [failure.error, failure.final, failure.attempt])).toEqual([
        [expect.any(TimeoutError), false, 1],
        [error, true, 1],
      ]);
      await attempt(dispatcher, 2, checkpoints, 0);
      expect(runs).toHaveLength(1);
    });
  });
});
