import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { Subject, type Observable } from 'rxjs';
import { GeminiEventBus } from '../../../lib/bus/gemini-event-bus.js';
import { TimeoutError } from '../../../lib/errors.js';
import type { GeminiDeliveryReport } from '../../../lib/events/delivery-report.js';
import type { GeminiEventAttempt } from '../../../lib/events/event-attempt.js';
import type { GeminiEvent } from '../../../lib/events/gemini-event.js';
import { deliveryOf } from '../../support/deliveries.js';

const eventOf = (type: string, id = 'batch_1') => deliveryOf({ type, id }).event;
const idOf = (event: GeminiEvent) => (event.data as { id: string }).id;

let bus: GeminiEventBus;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
  bus = new GeminiEventBus();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('GeminiEventBus', () => {
  it.each([
    { pattern: '*' as const, heard: ['batch.succeeded', 'batch.failed', 'video.generated', 'audio.made'] },
    { pattern: 'batch.*' as const, heard: ['batch.succeeded', 'batch.failed'] },
    { pattern: 'batch.completed' as const, heard: ['batch.succeeded'] },
    { pattern: ['video.generated', 'batch.failed'] as const, heard: ['batch.failed', 'video.generated'] },
    { pattern: 'interaction.*' as const, heard: [] },
  ])('on($pattern) emits $heard', ({ pattern, heard }) => {
    const types: string[] = [];
    bus
      .on<'*' | 'batch.*' | 'batch.completed' | 'video.generated' | 'batch.failed' | 'interaction.*'>(pattern)
      .subscribe(({ type }) => types.push(type));
    for (const type of ['batch.succeeded', 'batch.failed', 'video.generated', 'audio.made']) bus.emit(eventOf(type));

    expect(types).toEqual(heard);
  });

  it.each<[unknown, RegExp]>([
    ['batch.suceeded', /"batch\.suceeded" is not an event\. Did you mean "batch\.succeeded"\?/],
    [[], /an empty list is not an event/],
    [['batch.failed', undefined], /undefined is not an event/],
  ])('refuses to wait for %j, which never comes', async (pattern, message) => {
    const refusal = { code: 'invalid_argument', message: expect.stringMatching(message) as unknown };

    expect(() => bus.on(pattern as '*')).toThrow(expect.objectContaining(refusal));
    await expect(bus.waitFor(pattern as '*')).rejects.toMatchObject(refusal);
  });

  it.each<[unknown, RegExp]>([
    [null, /waitFor: options: got null/],
    [{ timeout: 5 }, /waitFor: timeout: is not an option\. The options are: where, timeoutMs, signal\./],
  ])('refuses the options %j, with which it would wait forever', async (options, message) => {
    await expect(bus.waitFor('*', options as object)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('emits reports to a subscriber that was there before the module connected, as in a constructor', () => {
    const sources = { attempts$: new Subject<GeminiEventAttempt>(), deliveries$: new Subject<GeminiDeliveryReport>() };
    const heard: unknown[] = [];
    bus.attempts$.subscribe((attempt) => heard.push(attempt));
    bus.deliveries$.subscribe({ next: (report) => heard.push(report), complete: () => heard.push('complete') });
    bus.connect(sources);
    const attempt = {
      event: eventOf('batch.failed'),
      handler: 'a',
      attempt: 1,
      outcome: 'final',
      durationMs: 1,
    } as const;
    const report = { registration: 'default', status: 200, durationMs: 1 };
    sources.attempts$.next(attempt);
    sources.deliveries$.next(report);
    bus.onApplicationShutdown();

    expect(heard).toEqual([attempt, report, 'complete']);
    expect([sources.attempts$.observed, sources.deliveries$.observed]).toEqual([false, false]);
  });

  it('emits events and failures to all subscribers, and cannot be fed from outside', () => {
    const failure = { event: eventOf('batch.failed'), handler: 'a', error: 1, attempt: 1, final: true };
    const heard: unknown[] = [];
    for (const stream of [bus.events$, bus.events$, bus.failures$] as Observable<unknown>[]) {
      stream.subscribe((one) => heard.push(one));
    }
    const event = eventOf('batch.succeeded');
    bus.emit(event);
    bus.fail(failure);

    expect(heard).toEqual([event, event, failure]);
    expect(bus.events$).not.toHaveProperty('next');
    expect(bus.failures$).not.toHaveProperty('next');
  });

  it('completes its streams when the app shuts down', () => {
    const completed: string[] = [];
    bus.events$.subscribe({ complete: () => completed.push('events') });
    bus.on('batch.*').subscribe({ complete: () => completed.push('on') });
    bus.failures$.subscribe({ complete: () => completed.push('failures') });
    bus.onApplicationShutdown();

    expect(completed.toSorted()).toEqual(['events', 'failures', 'on']);
  });

  describe('waitFor', () => {
    /** Every wait ends like this: nothing listens, and nothing keeps the process alive. */
    const expectNoTrace = (signal?: AbortSignal) => {
      expect(jest.getTimerCount()).toBe(0);
      if (signal) expect(getEventListeners(signal, 'abort')).toEqual([]);
    };

    it('resolves with the next event of the pattern', async () => {
      bus.emit(eventOf('batch.failed', 'too early'));
      const { signal } = new AbortController();
      const next = bus.waitFor(['batch.failed', 'batch.expired'], { timeoutMs: 1000, signal });
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);

      bus.emit(eventOf('batch.succeeded'));
      const event = eventOf('batch.expired');
      bus.emit(event);
      bus.emit(eventOf('batch.failed'));

      expect(await next).toEqual(event);
      expectNoTrace(signal);
    });

    it('gives subscribers a copy, so that their changes reach no handler', async () => {
      const event = eventOf('batch.expired');
      const next = bus.waitFor('batch.expired');
      bus.emit(event);

      Object.assign((await next).delivery, { key: 'changed' });

      expect(event.delivery.key).not.toBe('changed');
    });

    it('calls where until it has its event, and not afterwards', async () => {
      const where = jest.fn((event: GeminiEvent) => idOf(event) === 'batch_2');
      const next = bus.waitFor('*', { where });
      for (const id of ['batch_1', 'batch_2', 'batch_3']) bus.emit(eventOf('batch.succeeded', id));

      expect(idOf(await next)).toBe('batch_2');
      expect(where.mock.calls.map(([event]) => idOf(event))).toEqual(['batch_1', 'batch_2']);
    });

    it('rejects with the error of where, without affecting other subscribers', async () => {
      const error = new Error('in where');
      const { signal } = new AbortController();
      const where = jest.fn(() => {
        throw error;
      });
      const broken = bus.waitFor('*', { where, timeoutMs: 1000, signal });
      const fine = bus.waitFor('*');
      bus.emit(eventOf('batch.succeeded'));
      bus.emit(eventOf('batch.succeeded'));

      await expect(broken).rejects.toBe(error);
      expect(await fine).toMatchObject({ type: 'batch.succeeded' });
      expect(where).toHaveBeenCalledTimes(1);
      expectNoTrace(signal);
    });

    it('rejects with a TimeoutError after timeoutMs, not before', async () => {
      const { signal } = new AbortController();
      const where = jest.fn(() => true);
      const settled = jest.fn();
      const next = bus.waitFor(['batch.failed', 'video.*'], { timeoutMs: 1000, signal, where });
      next.catch(settled);

      await jest.advanceTimersByTimeAsync(999);
      expect(settled).not.toHaveBeenCalled();
      await jest.advanceTimersByTimeAsync(1);

      await expect(next).rejects.toBeInstanceOf(TimeoutError);
      await expect(next).rejects.toThrow('No batch.failed, video.* arrived within 1000 ms.');
      bus.emit(eventOf('batch.failed'));
      expect(where).not.toHaveBeenCalled();
      expectNoTrace(signal);
    });

    it.each([Infinity, 30 * 86_400_000, NaN, -1, 1.5, '5s', null])(
      'refuses timeoutMs %p, for which no timer can wait',
      async (timeoutMs) => {
        const { signal } = new AbortController();
        const next = bus.waitFor('*', { timeoutMs: timeoutMs as number, signal });

        await expect(next).rejects.toMatchObject({
          code: 'invalid_argument',
          message: `GeminiEventBus.waitFor: timeoutMs: got ${String(timeoutMs)}. Give a whole number of milliseconds from 1 to 2147483647.`,
        });
        expectNoTrace(signal);
      },
    );

    it('waits as long as a timer can', async () => {
      const settled = jest.fn();
      const next = bus.waitFor('*', { timeoutMs: 2 ** 31 - 1 }).catch(settled);
      await jest.advanceTimersByTimeAsync(2 ** 31 - 2);
      expect(settled).not.toHaveBeenCalled();

      await jest.advanceTimersByTimeAsync(1);
      await next;
      expect(settled).toHaveBeenCalledWith(expect.any(TimeoutError));
    });

    it('rejects with a TimeoutError at once after 0 ms', async () => {
      const settled = jest.fn();
      bus.waitFor('*', { timeoutMs: 0 }).catch(settled);
      await jest.advanceTimersByTimeAsync(1);

      expect(settled).toHaveBeenCalledWith(expect.any(TimeoutError));
    });

    it.each([new Error('enough'), 'a reason that is no Error', undefined])(
      "rejects with the signal's reason when it aborts: %p",
      async (reason) => {
        const controller = new AbortController();
        const next = bus.waitFor('*', { timeoutMs: 1000, signal: controller.signal });
        controller.abort(reason);

        await expect(next).rejects.toBe(controller.signal.reason);
        expectNoTrace(controller.signal);
      },
    );

    it('rejects immediately if the signal has already aborted', async () => {
      const signal = AbortSignal.abort(new Error('long ago'));

      await expect(bus.waitFor('*', { timeoutMs: 1000, signal })).rejects.toBe(signal.reason);
      expectNoTrace(signal);
    });

    it.each([
      { when: 'while it waits', close: true },
      { when: 'before it starts', close: false },
    ])('rejects when the app shuts down $when', async ({ close }) => {
      const { signal } = new AbortController();
      if (!close) bus.onApplicationShutdown();
      const next = bus.waitFor('*', { timeoutMs: 1000, signal });
      if (close) bus.onApplicationShutdown();

      await expect(next).rejects.toMatchObject({ code: 'closed' });
      expectNoTrace(signal);
    });

    it('leaves no listener on a signal that thousands of waits shared', async () => {
      const { signal } = new AbortController();
      const waits = Array.from({ length: 2000 }, () => bus.waitFor('batch.*', { signal, timeoutMs: 1000 }));
      bus.emit(eventOf('batch.succeeded'));
      await Promise.all(waits);

      expectNoTrace(signal);
    });
  });
});
