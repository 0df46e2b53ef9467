import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { UnrecoverableEventError } from '../../../lib/errors.js';
import type { GeminiEventAttempt } from '../../../lib/events/event-attempt.js';
import type { HandlerSettlement } from '../../../lib/handlers/dispatch.js';
import type { EventHandler } from '../../../lib/handlers/event-handler.js';
import { DedupeEntry } from '../../../lib/inbox/dedupe-cache.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';
import { dispatcherOf, publish, recordedCheckpoints } from '../../support/dispatchers.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const delivery = deliveryOf();
let logger: RecordingLogger;

beforeEach(() => {
  jest.useFakeTimers();
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});
afterEach(() => {
  jest.useRealTimers();
  Logger.overrideLogger(false);
});

describe('the attempts that the dispatcher emits', () => {
  const error = new Error('down');
  const hopeless = new UnrecoverableEventError('never');

  it.each<[GeminiEventAttempt['outcome'], Partial<GeminiEventAttempt>, boolean, EventHandler['invoke']]>([
    ['succeeded', {}, false, async () => undefined],
    ['failed', { error }, false, () => Promise.reject(error)],
    ['final', { error }, true, () => Promise.reject(error)],
    ['final', { error: hopeless }, false, () => Promise.reject(hopeless)],
  ])('say that it %s, with %j, how long it took, and which it was', async (outcome, more, isLast, invoke) => {
    const slowly: EventHandler['invoke'] = async (...given) => {
      jest.advanceTimersByTime(25);
      return invoke(...given);
    };
    jest.advanceTimersByTime(7);
    const dispatcher = dispatcherOf(publish(slowly));
    const attempts: GeminiEventAttempt[] = [];
    dispatcher.attempts$.subscribe((attempt) => attempts.push(attempt));

    await dispatcher.dispatch(delivery, { attempt: 3, isLast, checkpoints: new DedupeEntry() });

    expect(attempts).toStrictEqual([
      { event: delivery.event, handler: 'publish', attempt: 3, durationMs: 25, outcome, ...more },
    ]);
  });

  it('contain a copy of the event, so that subscribers cannot change it', async () => {
    const dispatcher = dispatcherOf(publish(async () => undefined));
    const attempts: GeminiEventAttempt[] = [];
    dispatcher.attempts$.subscribe((attempt) => attempts.push(attempt));

    await dispatcher.dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry() });

    expect(attempts.map(({ event }) => event === delivery.event)).toEqual([false]);
  });

  it('leave out internal handlers, and handlers that had completed before', async () => {
    const dispatcher = dispatcherOf(
      publish(async () => undefined, { name: 'internal', isInternal: true }),
      publish(async () => undefined, { name: 'completed' }),
    );
    const checkpoints = new DedupeEntry();
    checkpoints.settle('completed', 'succeeded');
    const attempts: GeminiEventAttempt[] = [];
    dispatcher.attempts$.subscribe((attempt) => attempts.push(attempt));

    await dispatcher.dispatch(delivery, { attempt: 2, checkpoints });

    expect(attempts).toEqual([]);
    expect(checkpoints.has('internal')).toBe(true);
  });

  it('leave out an attempt that waited in vain for an earlier run', async () => {
    const { promise } = deferred();
    const dispatcher = dispatcherOf(publish(() => promise, { timeoutMs: 1000 }));
    const run = async (attempt: number) => {
      const outcome = dispatcher.dispatch(delivery, { attempt, checkpoints: new DedupeEntry() });
      await jest.advanceTimersByTimeAsync(1000);
      return outcome;
    };
    const attempts: number[] = [];
    dispatcher.attempts$.subscribe(({ attempt }) => attempts.push(attempt));

    await run(1);
    await run(2);

    expect(attempts).toEqual([1]);
    expect(logger.of('error')[1]).toContain(': publish is still running an earlier attempt (');
  });
});

describe('a checkpoint', () => {
  it.each<[HandlerSettlement, EventHandler['invoke']]>([
    ['succeeded', async () => undefined],
    ['failed', () => Promise.reject(new UnrecoverableEventError())],
  ])('says that a handler %s', async (how, invoke) => {
    const checkpoints = recordedCheckpoints();

    await dispatcherOf(publish(invoke)).dispatch(delivery, { attempt: 1, checkpoints });

    expect(checkpoints.settled).toEqual([['publish', how]]);
  });

  it.each<[HandlerSettlement, (run: Deferred) => void]>([
    ['succeeded', ({ resolve }) => resolve()],
    ['failed', ({ reject }) => reject(new UnrecoverableEventError())],
  ])('says that a handler %s after its timeout', async (how, end) => {
    const run = deferred();
    const checkpoints = recordedCheckpoints();
    const handler = publish(() => run.promise, { timeoutMs: 1000 });
    const outcome = dispatcherOf(handler).dispatch(delivery, { attempt: 1, checkpoints });
    await jest.advanceTimersByTimeAsync(1000);
    expect((await outcome).retryable).toEqual(['publish']);
    expect(checkpoints.settled).toEqual([]);

    end(run);
    await jest.advanceTimersByTimeAsync(0);

    expect(checkpoints.settled).toEqual([['publish', how]]);
  });
});

describe('what an inbox wants to know of a run', () => {
  it('is that it has ended only when a success after its timeout is recorded', async () => {
    const [run, recording] = [deferred(), deferred()];
    const ended = jest.fn();
    const handler = publish(() => run.promise, { timeoutMs: 1000 });
    const checkpoints = { has: () => false, settle: () => recording.promise as Promise<void> };

    const outcome = dispatcherOf(handler).dispatch(delivery, { attempt: 1, checkpoints, begin: () => ended });
    await jest.advanceTimersByTimeAsync(1000);
    await outcome;
    run.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect(ended).not.toHaveBeenCalled();
    recording.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it.each([
    { how: 'succeeds', end: ({ resolve }: Deferred) => resolve() },
    { how: 'fails', end: ({ reject }: Deferred) => reject(new Error('aborted')) },
  ])('is when it begins, and when it ends, even if it $how after its timeout', async ({ end }) => {
    const run = deferred();
    const ended = jest.fn();
    const begin = jest.fn((_handler: string) => ended);
    const handler = publish(() => run.promise, { timeoutMs: 1000 });

    const outcome = dispatcherOf(handler).dispatch(delivery, { attempt: 1, checkpoints: new DedupeEntry(), begin });
    await jest.advanceTimersByTimeAsync(1000);
    await outcome;
    expect(begin.mock.calls).toEqual([['publish']]);
    expect(ended).not.toHaveBeenCalled();
    end(run);
    await jest.advanceTimersByTimeAsync(0);

    expect(ended).toHaveBeenCalledTimes(1);
  });
});
