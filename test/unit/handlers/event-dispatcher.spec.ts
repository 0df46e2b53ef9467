import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { getEventListeners } from 'node:events';
import { TimeoutError, UnrecoverableEventError } from '../../../lib/errors.js';
import type { GeminiEventFailure } from '../../../lib/events/event-failure.js';
import type { EventHandler } from '../../../lib/handlers/event-handler.js';
import { EventDispatcher } from '../../../lib/handlers/event-dispatcher.js';
import type { GeminiHandlerContext } from '../../../lib/handlers/handler-context.js';
import { HandlerRegistry } from '../../../lib/handlers/handler-registry.js';
import { DedupeEntry } from '../../../lib/inbox/dedupe-cache.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';

const delivery = deliveryOf();

type ControlledRun = Deferred & { context: GeminiHandlerContext };

/** A handler whose runs the test settles one by one. */
function controlled(name: string, timeoutMs?: number) {
  const runs: ControlledRun[] = [];
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

function throwing(): never {
  throw new Error('not even that');
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
  it('starts all handlers before any ends, and passes each its own context', async () => {
    const one = controlled('one');
    const two = controlled('two');
    const { dispatcher } = dispatcherOf(one.handler, two.handler);

    const outcome = dispatcher.dispatch(delivery, { attempt: 3, checkpoints: new DedupeEntry() });
    await jest.advanceTimersByTimeAsync(0);
    const started = [...one.runs, ...two.runs].map(({ context }) => [context.handler, context.attempt]);
    for (const { resolve } of [...one.runs, ...two.runs]) resolve();

    expect(started).toEqual([
      ['one', 3],
      ['two', 3],
    ]);
    expect(await outcome).toEqual({ retryable: [], final: [] });
  });

  it.each<[string, (run: ControlledRun) => void, number | undefined]>([
    ['succeeded', ({ resolve }) => resolve(), undefined],
    ['failed', ({ reject }) => reject(new Error('no')), undefined],
    ['exceeded its timeout', () => jest.advanceTimersByTime(1000), 1000],
  ])("does not listen to the inbox's signal after a handler has %s", async (_, end, timeoutMs) => {
    const { handler, runs } = controlled('one', timeoutMs);
    const { signal } = new AbortController();
    const { dispatcher } = dispatcherOf(handler);

    const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry(), signal });
    await jest.advanceTimersByTimeAsync(0);
    const [run] = runs as [ControlledRun];
    const own = run.context.signal;
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    end(run);
    await outcome;

    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(own.aborted).toBe(timeoutMs !== undefined);
  });

  it('returns the names of the handlers to retry and of those that failed permanently', async () => {
    const [fine, failing, hopeless] = [controlled('fine'), controlled('failing'), controlled('hopeless')];
    const { dispatcher } = dispatcherOf(fine.handler, failing.handler, hopeless.handler);
    const checkpoints = new DedupeEntry();

    const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints });
    await jest.advanceTimersByTimeAsync(0);
    fine.runs[0]?.resolve();
    failing.runs[0]?.reject(new Error('later'));
    hopeless.runs[0]?.reject(new UnrecoverableEventError());

    expect(await outcome).toEqual({ retryable: ['failing'], final: ['hopeless'] });
    expect(['fine', 'failing', 'hopeless'].map((name) => checkpoints.has(name))).toEqual([true, false, true]);
  });

  it.each<{ what: string; thrown: () => unknown }>([
    {
      what: 'an error whose message is a getter that throws',
      thrown: () => Object.defineProperty(new Error(), 'message', { get: throwing }),
    },
    {
      what: 'an error whose stack is a getter that throws',
      thrown: () => Object.defineProperty(new Error('unlucky'), 'stack', { get: throwing }),
    },
    {
      what: 'an error with a symbol for a message',
      thrown: () => Object.assign(new Error(), { message: Symbol('m') }),
    },
    { what: 'a proxy whose prototype cannot be read', thrown: () => new Proxy({}, { getPrototypeOf: throwing }) },
    { what: 'an object without a prototype', thrown: () => Object.create(null) as unknown },
    { what: 'nothing', thrown: () => undefined },
  ])('reports one handler that throws $what, and lets the other complete', async ({ thrown }) => {
    const error = thrown();
    const two = controlled('two');
    const { dispatcher, failures } = dispatcherOf(
      { name: 'one', patterns: ['*'], timeoutMs: undefined, invoke: () => Promise.reject(error) },
      two.handler,
    );
    const checkpoints = new DedupeEntry();

    const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints });
    await jest.advanceTimersByTimeAsync(0);
    two.runs[0]!.resolve();

    expect((await outcome).retryable).toEqual(['one']);
    expect(checkpoints.has('two')).toBe(true);
    expect(failures.map((failure) => failure.handler)).toEqual(['one']);
    expect(failures[0]!.error === error).toBe(true);
  });

  it('gives each handler its own copy of the event, so that changes stay with that handler', async () => {
    const seen: unknown[] = [];
    const careless = {
      name: 'careless',
      patterns: ['*'],
      timeoutMs: undefined,
      invoke: async (event: object) => {
        Object.assign(event, { type: undefined, data: undefined, delivery: undefined });
        throw new Error('and fails');
      },
    } satisfies EventHandler;
    const careful = {
      name: 'careful',
      patterns: ['*'],
      timeoutMs: undefined,
      invoke: async (event) => void seen.push(event),
    } satisfies EventHandler;
    const { dispatcher, failures } = dispatcherOf(careless, careful);

    await dispatcher.dispatch(deliveryOf(), { attempt: 1, checkpoints: new DedupeEntry() });

    expect(seen).toEqual([delivery.event]);
    expect(failures).toMatchObject([{ handler: 'careless', event: { type: delivery.event.type } }]);
  });

  it('ends an attempt only after its checkpoints are saved', async () => {
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
    { what: 'a permanent failure', end: new UnrecoverableEventError() },
  ])('retries if the checkpoint of $what cannot be saved', async ({ end }) => {
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

  it('forwards the signal of the run, and leaves no listener on it', async () => {
    const shutdown = new AbortController();
    const { handler, runs } = controlled('one');
    const { dispatcher } = dispatcherOf(handler);
    const add = jest.spyOn(shutdown.signal, 'addEventListener');
    const remove = jest.spyOn(shutdown.signal, 'removeEventListener');

    const outcome = dispatcher.dispatch(delivery, {
      attempt: 1,
      checkpoints: new DedupeEntry(),
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
    const attempt = async (dispatcher: EventDispatcher, number: number, checkpoints: DedupeEntry, forMs: number) => {
      const outcome = dispatcher.dispatch(delivery, { attempt: number, checkpoints });
      await jest.advanceTimersByTimeAsync(forMs);
      return outcome;
    };

    it('fails the attempt and aborts the signal when it has passed, not before', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher, failures } = dispatcherOf(handler);
      const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry() });

      await jest.advanceTimersByTimeAsync(999);
      expect(runs[0]?.context.signal.aborted).toBe(false);
      await jest.advanceTimersByTimeAsync(1);

      expect(await outcome).toMatchObject({ retryable: ['slow'], final: [] });
      expect(runs[0]?.context.signal.reason).toBeInstanceOf(TimeoutError);
      expect(failures).toMatchObject([{ handler: 'slow', error: { name: 'TimeoutError' }, final: false }]);
    });

    it('reports when the run that exceeded it has ended', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      const { overdue } = await attempt(dispatcher, 1, new DedupeEntry(), 1000);
      const ended = jest.fn();
      void overdue?.then(ended);

      await jest.advanceTimersByTimeAsync(5000);
      expect(ended).not.toHaveBeenCalled();
      runs[0]?.resolve(undefined);
      await jest.advanceTimersByTimeAsync(0);
      expect(ended).toHaveBeenCalledTimes(1);
    });

    it('leaves no timer behind when the handler ends in time', async () => {
      const { handler, runs } = controlled('quick', 1000);
      const { dispatcher } = dispatcherOf(handler);
      const outcome = dispatcher.dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry() });
      await jest.advanceTimersByTimeAsync(0);
      runs[0]?.resolve();
      await outcome;

      expect(jest.getTimerCount()).toBe(0);
      expect(runs[0]?.context.signal.aborted).toBe(false);
    });

    it('restarts the handler only after the old run has ended', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      const checkpoints = new DedupeEntry();

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

    it('does not delay other events', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      await attempt(dispatcher, 1, new DedupeEntry(), 1000);

      const other = dispatcher.dispatch(deliveryOf({ id: 'batch_2' }), { attempt: 1, checkpoints: new DedupeEntry() });
      await jest.advanceTimersByTimeAsync(0);
      expect(runs).toHaveLength(2);
      runs[1]?.resolve();
      expect(await other).toEqual({ retryable: [], final: [] });
    });

    it('counts a late success', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      const checkpoints = new DedupeEntry();
      await attempt(dispatcher, 1, checkpoints, 1000);

      runs[0]?.resolve();
      await jest.advanceTimersByTimeAsync(0);

      expect(checkpoints.has('slow')).toBe(true);
      expect(await attempt(dispatcher, 2, checkpoints, 0)).toEqual({ retryable: [], final: [] });
      expect(runs).toHaveLength(1);
    });

    it('counts a late success for an attempt whose checkpoints are new, such as that of a replay', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      await attempt(dispatcher, 1, new DedupeEntry(), 1000);

      const emitted: unknown[] = [];
      dispatcher.attempts$.subscribe((one) => emitted.push(one));
      const replayed = new DedupeEntry();
      const replay = dispatcher.dispatch(delivery, { attempt: 1, checkpoints: replayed });
      await jest.advanceTimersByTimeAsync(500);
      runs[0]?.resolve(undefined);
      await jest.advanceTimersByTimeAsync(0);

      expect(await replay).toEqual({ retryable: [], final: [] });
      expect(replayed.has('slow')).toBe(true);
      expect(runs).toHaveLength(1);
      expect(emitted).toEqual([]);
    });

    it('runs the handler again after a late success for a replay from the start', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher } = dispatcherOf(handler);
      await attempt(dispatcher, 1, new DedupeEntry(), 1000);

      const replay = dispatcher.dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry(), generation: 1 });
      runs[0]?.resolve(undefined);
      await jest.advanceTimersByTimeAsync(0);
      expect(runs).toHaveLength(2);
      runs[1]?.resolve(undefined);

      expect(await replay).toEqual({ retryable: [], final: [] });
    });

    it('counts a late final failure, and emits it', async () => {
      const { handler, runs } = controlled('slow', 1000);
      const { dispatcher, failures } = dispatcherOf(handler);
      const checkpoints = new DedupeEntry();
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

  it.each([
    [true, true, 42_400, 'it will not be retried'],
    [false, false, 42_400, 'it will be retried in about 42 seconds'],
    [false, false, 38_707_000, 'it will be retried in about 10 hours'],
    [false, false, 20, 'it will be retried in about 1 second'],
    [undefined, false, undefined, 'it will be retried'],
  ])('reports a failure of an attempt with isLast %s as final: %s', async (isLast, final, retryInMs, outlook) => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const { dispatcher, failures } = dispatcherOf({
      name: 'one',
      patterns: ['*'],
      timeoutMs: undefined,
      invoke: () => Promise.reject(new Error('down')),
    });

    const outcome = await dispatcher.dispatch(delivery, {
      attempt: 3,
      isLast,
      retryInMs,
      checkpoints: new DedupeEntry(),
    });

    expect(outcome).toEqual({ retryable: ['one'], final: [] });
    expect(failures).toEqual([expect.objectContaining({ handler: 'one', attempt: 3, final })]);
    expect(error.mock.calls[0]?.[0]).toContain(`(${outlook})`);
    error.mockRestore();
  });

  it('starts no handler after the shutdown, although an earlier attempt ends and fails then', async () => {
    const silenced = (['error', 'warn'] as const).map((level) => jest.spyOn(Logger.prototype, level).mockReturnValue());
    const shutdown = new AbortController();
    const first = deferred();
    const invoke = jest.fn(() => first.promise);
    const { dispatcher } = dispatcherOf({ name: 'one', patterns: ['*'], timeoutMs: 50, invoke });
    const { signal } = shutdown;
    const checkpoints = new DedupeEntry();
    const timedOut = dispatcher.dispatch(delivery, { attempt: 1, checkpoints, signal });
    await jest.advanceTimersByTimeAsync(50);
    await timedOut;

    const second = dispatcher.dispatch(delivery, { attempt: 2, checkpoints, signal });
    shutdown.abort(new Error('closing'));
    first.reject(new Error('the pool has ended'));

    expect(await second).toEqual({ retryable: ['one'], final: [] });
    expect(invoke).toHaveBeenCalledTimes(1);
    for (const spy of silenced) spy.mockRestore();
  });

  it('says that a handler which the shutdown interrupts is retried, even on the last attempt', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const shutdown = new AbortController();
    const invoke = async () => {
      shutdown.abort(new Error('closing'));
      shutdown.signal.throwIfAborted();
    };
    const { dispatcher, failures } = dispatcherOf({ name: 'one', patterns: ['*'], timeoutMs: undefined, invoke });
    const { signal } = shutdown;
    const checkpoints = new DedupeEntry();

    await dispatcher.dispatch(delivery, { attempt: 3, isLast: true, retryInMs: 9_000, checkpoints, signal });

    expect(failures).toEqual([expect.objectContaining({ handler: 'one', final: false })]);
    expect(error.mock.calls[0]?.[0]).toContain('(it will be retried: the app is shutting down)');
    error.mockRestore();
  });

  it.each([
    ['a last attempt', true, new Error('down'), '(it will not be retried; failed event e1)'],
    ['a final error', false, new UnrecoverableEventError('never'), '(it will not be retried; failed event e1)'],
    ['an attempt that is retried', false, new Error('down'), '(it will be retried)'],
  ])('logs the id of the failed event after %s', async (_what, isLast, reason, outlook) => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const invoke = () => Promise.reject(reason);
    const { dispatcher } = dispatcherOf({ name: 'one', patterns: ['*'], timeoutMs: undefined, invoke });

    await dispatcher.dispatch(delivery, {
      attempt: 1,
      isLast,
      failedEventId: 'e1',
      checkpoints: new DedupeEntry(),
    });

    expect(error.mock.calls.map(([line]) => String(line))).toEqual([expect.stringContaining(outlook)]);
    error.mockRestore();
  });
});
