import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DispatchOutcome, DispatchRun } from '../../../lib/handlers/dispatch.js';
import type { InboxHost } from '../../../lib/inbox/inbox-engine.js';
import { inlineInbox, type InlineInboxOptions } from '../../../lib/inbox/inline-inbox.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const DONE: DispatchOutcome = { retryable: [], final: [] };
const FAILED: DispatchOutcome = { retryable: ['Billing.charge'], final: [] };

/** An inbox whose attempts the test resolves one by one. */
function inboxOf(options: InlineInboxOptions = {}) {
  const attempts: (Deferred<DispatchOutcome> & { run: DispatchRun; key: string })[] = [];
  const published: string[] = [];
  const host: InboxHost = {
    registration: 'default',
    toleranceSeconds: 300,
    handlers: () => [],
    dispatch: ({ key }, run) => {
      const attempt = { ...deferred<DispatchOutcome>(), run, key };
      attempts.push(attempt);
      return attempt.promise;
    },
    announce: ({ key }) => void published.push(key),
  };
  return { inbox: inlineInbox(options)(host), attempts, published };
}

let logger: RecordingLogger;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick'] });
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});
afterEach(() => {
  jest.useRealTimers();
});

describe('inlineInbox', () => {
  it('answers once all handlers are done, and reports copies as duplicates', async () => {
    const { inbox, attempts, published } = inboxOf();

    const first = inbox.accept(deliveryOf());
    const meanwhile = inbox.accept(deliveryOf());
    attempts[0]?.resolve(DONE);

    expect(await first).toEqual({ status: 'processed', httpStatus: 200 });
    expect(await meanwhile).toEqual({ status: 'duplicate', httpStatus: 200 });
    expect(await inbox.accept(deliveryOf())).toEqual({ status: 'duplicate', httpStatus: 200 });
    expect([attempts.length, published.length]).toEqual([1, 1]);
  });

  it('answers every copy of a failed attempt with handler_failed, and starts a new attempt for the next delivery', async () => {
    const { inbox, attempts, published } = inboxOf();

    const copies = Array.from({ length: 40 }, () => inbox.accept(deliveryOf()));
    attempts[0]?.resolve(FAILED);
    for (const copy of await Promise.allSettled(copies)) {
      expect(copy).toMatchObject({
        status: 'rejected',
        reason: { code: 'handler_failed', message: expect.stringContaining('Billing.charge failed') },
      });
    }

    const retry = inbox.accept(deliveryOf());
    attempts[1]?.resolve(DONE);
    expect(await retry).toEqual({ status: 'processed', httpStatus: 200 });
    expect(attempts.map(({ run }) => run.attempt)).toEqual([1, 2]);
    expect(attempts[1]?.run.checkpoints).toBe(attempts[0]?.run.checkpoints);
    expect(published).toHaveLength(1);
  });

  it('retries an attempt that throws', async () => {
    const { inbox, attempts } = inboxOf();
    const broken = inbox.accept(deliveryOf());
    attempts[0]?.reject(new Error('an internal fault'));
    await expect(broken).rejects.toThrow('an internal fault');

    const retry = inbox.accept(deliveryOf());
    attempts[1]?.resolve(DONE);
    expect(await retry).toMatchObject({ status: 'processed' });
  });

  describe('past ackTimeoutMs', () => {
    it('answers still_processing, not earlier, and logs a warning', async () => {
      const { inbox } = inboxOf({ ackTimeoutMs: 1000 });
      const rejected = jest.fn();
      const answer = inbox.accept(deliveryOf());
      answer.catch(rejected);

      await jest.advanceTimersByTimeAsync(999);
      expect(rejected).not.toHaveBeenCalled();
      await jest.advanceTimersByTimeAsync(1);

      await expect(answer).rejects.toMatchObject({ code: 'still_processing' });
      expect(logger.of('warn')).toEqual([expect.stringMatching(/batch\.succeeded msg_batch_1 .*1000 ms.*bullmqInbox/)]);
    });

    it('waits 5 s by default', async () => {
      const { inbox, attempts } = inboxOf();
      const answer = inbox.accept(deliveryOf());
      await jest.advanceTimersByTimeAsync(4999);
      attempts[0]?.resolve(DONE);
      expect(await answer).toMatchObject({ status: 'processed' });
    });

    it.each([
      { what: 'done', outcome: DONE, answer: 'duplicate', attempted: 1 },
      { what: 'failed', outcome: FAILED, answer: 'processed', attempted: 2 },
    ])(
      'keeps the handlers running: a retry joins them while they run, and then finds them $what',
      async ({ outcome, answer: status, attempted }) => {
        const { inbox, attempts } = inboxOf({ ackTimeoutMs: 1000 });
        for (let delivery = 0; delivery < 2; delivery += 1) {
          const answer = inbox.accept(deliveryOf()).catch((error: unknown) => error);
          await jest.advanceTimersByTimeAsync(1000);
          expect(await answer).toMatchObject({ code: 'still_processing' });
        }
        expect(attempts).toHaveLength(1);

        attempts[0]?.resolve(outcome);
        await jest.advanceTimersByTimeAsync(0);
        const retry = inbox.accept(deliveryOf());
        attempts[1]?.resolve(DONE);

        expect(await retry).toMatchObject({ status });
        expect(attempts).toHaveLength(attempted);
      },
    );

    it('leaves no timer when the handlers are in time', async () => {
      const { inbox, attempts } = inboxOf();
      const answer = inbox.accept(deliveryOf());
      attempts[0]?.resolve(DONE);
      await answer;
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  it('accepts at most maxEntries events at once, and evicts none of them', async () => {
    const { inbox, attempts } = inboxOf({ maxEntries: 2 });
    const running = ['batch_1', 'batch_2'].map((id) => inbox.accept(deliveryOf({ id })));

    await expect(inbox.accept(deliveryOf({ id: 'batch_3' }))).rejects.toMatchObject({ code: 'inbox_unavailable' });
    const copy = inbox.accept(deliveryOf({ id: 'batch_1' }));
    for (const attempt of attempts) attempt.resolve(DONE);
    expect(await Promise.all([...running, copy])).toMatchObject([
      { status: 'processed' },
      { status: 'processed' },
      { status: 'duplicate' },
    ]);

    const third = inbox.accept(deliveryOf({ id: 'batch_3' }));
    attempts[2]?.resolve(DONE);
    expect(await third).toMatchObject({ status: 'processed' });
    expect(attempts.map(({ key }) => key)).toHaveLength(3);
  });

  describe('maxBytes', () => {
    const large = (id: string) => ({ ...deliveryOf({ id }), body: Buffer.from(`[${'{},'.repeat(10_000)}{}]`) });
    const FULL = { code: 'inbox_unavailable', message: expect.stringMatching(/1 event is being handled .*\d MB/) };

    it('refuses events beyond the limit while handlers run, also past ackTimeoutMs, and warns once a minute', async () => {
      const { inbox, attempts } = inboxOf({ maxBytes: 1_500_000, ackTimeoutMs: 1000 });
      const first = inbox.accept(large('batch_1')).catch((error: unknown) => error);
      await jest.advanceTimersByTimeAsync(1000);
      expect(await first).toMatchObject({ code: 'still_processing' });

      for (let delivery = 0; delivery < 3; delivery += 1)
        await expect(inbox.accept(large('batch_2'))).rejects.toMatchObject(FULL);
      expect(logger.of('warn').filter((line) => line.includes('maxBytes'))).toEqual([
        expect.stringMatching(/batch\.succeeded msg_batch_2 .*503/),
      ]);

      attempts[0]?.resolve(DONE);
      await jest.advanceTimersByTimeAsync(0);
      const second = inbox.accept(large('batch_2'));
      attempts[1]?.resolve(DONE);
      expect(await second).toMatchObject({ status: 'processed' });
    });

    it('accepts one event of any size, and as many small ones as fit', async () => {
      const { inbox, attempts } = inboxOf({ maxBytes: 40_000 });
      const alone = inbox.accept(large('batch_1'));
      attempts[0]?.resolve(DONE);
      expect(await alone).toMatchObject({ status: 'processed' });

      const small = Array.from({ length: 5 }, (_one, event) => inbox.accept(deliveryOf({ id: `small_${event}` })));
      for (const attempt of attempts) attempt.resolve(DONE);
      expect(await Promise.all(small)).toHaveLength(5);
    });

    it('counts copies of an event until they are answered', async () => {
      const { inbox, attempts } = inboxOf({ maxBytes: 2_500_000 });
      const first = inbox.accept(large('batch_1'));
      const copy = inbox.accept(large('batch_1'));

      await expect(inbox.accept(large('batch_1'))).rejects.toMatchObject(FULL);
      attempts[0]?.resolve(DONE);
      expect(await Promise.all([first, copy])).toMatchObject([{ status: 'processed' }, { status: 'duplicate' }]);
      const next = inbox.accept(large('batch_2'));
      attempts[1]?.resolve(DONE);
      expect(await next).toMatchObject({ status: 'processed' });
    });

    it.each([
      { how: 'fails', end: (attempt: Deferred<DispatchOutcome>) => attempt.resolve(FAILED), error: 'charge failed' },
      {
        how: 'throws',
        end: (attempt: Deferred<DispatchOutcome>) => attempt.reject(new Error('an internal fault')),
        error: 'an internal fault',
      },
    ])('releases the memory of an attempt that $how', async ({ end, error }) => {
      const { inbox, attempts } = inboxOf({ maxBytes: 1_500_000 });
      const first = inbox.accept(large('batch_1'));
      end(attempts[0]!);
      await expect(first).rejects.toThrow(error);

      const second = inbox.accept(large('batch_2'));
      attempts[1]?.resolve(DONE);
      expect(await second).toMatchObject({ status: 'processed' });
    });

    it('counts an event until handlers that outlive their timeout have ended', async () => {
      const { inbox, attempts } = inboxOf({ maxBytes: 1_500_000 });
      const overdue = deferred();
      const first = inbox.accept(large('batch_1'));
      attempts[0]?.resolve({ ...FAILED, overdue: overdue.promise });
      await expect(first).rejects.toMatchObject({ code: 'handler_failed' });

      await expect(inbox.accept(large('batch_2'))).rejects.toMatchObject({ code: 'inbox_unavailable' });
      overdue.resolve();
      await jest.advanceTimersByTimeAsync(0);
      const second = inbox.accept(large('batch_2'));
      attempts[1]?.resolve(DONE);
      expect(await second).toMatchObject({ status: 'processed' });
    });
  });

  describe('close', () => {
    it('waits for running handlers up to drainTimeoutMs, then aborts them', async () => {
      const { inbox, attempts } = inboxOf({ drainTimeoutMs: 1000, ackTimeoutMs: 600_000 });
      const answer = inbox.accept(deliveryOf());
      const closed = jest.fn();
      const closing = inbox.close().then(closed);

      await jest.advanceTimersByTimeAsync(999);
      expect(closed).not.toHaveBeenCalled();
      expect(attempts[0]?.run.signal?.aborted).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      await closing;
      expect(attempts[0]?.run.signal?.reason).toMatchObject({ code: 'closed' });

      attempts[0]?.resolve(FAILED);
      await expect(answer).rejects.toMatchObject({ code: 'handler_failed' });
    });

    it('does not abort handlers that end in time', async () => {
      const { inbox, attempts } = inboxOf({ drainTimeoutMs: 1000 });
      const answer = inbox.accept(deliveryOf());
      const closing = inbox.close();
      attempts[0]?.resolve(DONE);

      await Promise.all([closing, answer]);
      expect(attempts[0]?.run.signal?.aborted).toBe(false);
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  it.each<[keyof InlineInboxOptions, unknown]>([
    ['ackTimeoutMs', 0],
    ['ackTimeoutMs', 600_001],
    ['maxEntries', 0],
    ['maxEntries', 1.5],
    ['maxBytes', 0],
    ['maxBytes', '128MB'],
    ['retentionMs', 0],
    ['drainTimeoutMs', -1],
    ['drainTimeoutMs', '5'],
    ['ackTimeoutMs', Number.NaN],
  ])('refuses %s: %j', (option, value) => {
    expect(() => inlineInbox({ [option]: value })).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringMatching(new RegExp(`inlineInbox: ${option}: got .* from \\d+ to \\d+`)),
      }) as unknown as Error,
    );
  });

  it('refuses an option that it does not have', () => {
    expect(() => inlineInbox({ ackTimeout: 8_000 } as InlineInboxOptions)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringMatching(/inlineInbox: ackTimeout: is not an option\..*ackTimeoutMs/),
      }) as unknown as Error,
    );
  });
});
