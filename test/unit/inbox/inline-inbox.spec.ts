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

/** An inbox whose attempts the test settles one by one. */
function inboxOf(options: InlineInboxOptions = {}) {
  const attempts: (Deferred<DispatchOutcome> & { run: DispatchRun; key: string })[] = [];
  const announced: string[] = [];
  const host: InboxHost = {
    registration: 'default',
    toleranceSeconds: 300,
    handlers: () => [],
    dispatch: ({ key }, run) => {
      const attempt = { ...deferred<DispatchOutcome>(), run, key };
      attempts.push(attempt);
      return attempt.promise;
    },
    announce: ({ key }) => void announced.push(key),
  };
  return { inbox: inlineInbox(options)(host), attempts, announced };
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
  it('answers when all handlers are done, and then calls copies duplicates', async () => {
    const { inbox, attempts, announced } = inboxOf();

    const first = inbox.accept(deliveryOf());
    const meanwhile = inbox.accept(deliveryOf());
    attempts[0]?.resolve(DONE);

    expect(await first).toEqual({ status: 'processed', httpStatus: 200 });
    expect(await meanwhile).toEqual({ status: 'duplicate', httpStatus: 200 });
    expect(await inbox.accept(deliveryOf())).toEqual({ status: 'duplicate', httpStatus: 200 });
    expect([attempts.length, announced.length]).toEqual([1, 1]);
  });

  it('answers handler_failed to every copy of a failed attempt, and makes another for the next delivery', async () => {
    const { inbox, attempts, announced } = inboxOf();

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
    expect(announced).toHaveLength(1);
  });

  it('takes an attempt that breaks for none', async () => {
    const { inbox, attempts } = inboxOf();
    const broken = inbox.accept(deliveryOf());
    attempts[0]?.reject(new Error('a fault of ours'));
    await expect(broken).rejects.toThrow('a fault of ours');

    const retry = inbox.accept(deliveryOf());
    attempts[1]?.resolve(DONE);
    expect(await retry).toMatchObject({ status: 'processed' });
  });

  describe('past ackTimeoutMs', () => {
    it('answers still_processing, not before, and warns that Google tries again', async () => {
      const { inbox } = inboxOf({ ackTimeoutMs: 1000 });
      const settled = jest.fn();
      const answer = inbox.accept(deliveryOf());
      answer.catch(settled);

      await jest.advanceTimersByTimeAsync(999);
      expect(settled).not.toHaveBeenCalled();
      await jest.advanceTimersByTimeAsync(1);

      await expect(answer).rejects.toMatchObject({ code: 'still_processing' });
      expect(logger.of('warn')).toEqual([expect.stringMatching(/batch\.succeeded msg_batch_1 .*1000 ms.*bullmqInbox/)]);
    });

    it('waits 5 s when nothing else is said', async () => {
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
      'lets the handlers go on; a retry joins them while they run, and then finds them $what',
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

    it('leaves no timer behind when the handlers are in time', async () => {
      const { inbox, attempts } = inboxOf();
      const answer = inbox.accept(deliveryOf());
      attempts[0]?.resolve(DONE);
      await answer;
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  it('takes no more events than maxEntries at once, and forgets none of them', async () => {
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

  describe('close', () => {
    it('waits for what runs, and no longer than drainTimeoutMs, then aborts it', async () => {
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

    it('does not abort what ends in time', async () => {
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
});
