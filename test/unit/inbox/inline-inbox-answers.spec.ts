import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DispatchOutcome, DispatchRun } from '../../../lib/handlers/dispatch.js';
import { finalFailuresOf } from '../../../lib/inbox/final-failures.js';
import type { InboxHost } from '../../../lib/inbox/inbox-engine.js';
import { inlineInbox, type InlineInboxOptions } from '../../../lib/inbox/inline-inbox.js';
import { estimatedBytes } from '../../../lib/inbox/memory-budget.js';
import { deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';
import { RecordingLogger } from '../../support/recording-logger.js';

let logger: RecordingLogger;

function inboxOf(options: InlineInboxOptions, dispatch: InboxHost['dispatch'], more: Partial<InboxHost> = {}) {
  const host = { registration: 'default', toleranceSeconds: 300, handlers: () => [], announce: () => undefined };
  return inlineInbox(options)({ ...host, dispatch, ...more });
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick'] });
  logger = new RecordingLogger();
  Logger.overrideLogger(logger);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
  Logger.overrideLogger(false);
});

describe('the options of the inline inbox', () => {
  it.each([
    { given: { dispatch: () => undefined }, message: 'GeminiWebhooksModule: inbox: call it, as in inlineInbox().' },
    {
      given: { maxSize: 1 },
      message:
        'inlineInbox: maxSize: is not an option. The options are: ackTimeoutMs, maxEntries, maxBytes, retentionMs, drainTimeoutMs.',
    },
  ])('are refused with advice: $message', ({ given, message }) => {
    expect(() => inlineInbox(given as InlineInboxOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message }) as unknown as Error,
    );
  });

  it.each([[null], [7], ['dispatch']])('are refused if they are no object: %j', (given) => {
    expect(() => inlineInbox(given as never)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringMatching(/^inlineInbox: options: got /) as unknown,
      }) as unknown as Error,
    );
  });

  it('include a retention of up to 30 days', () => {
    const days = (count: number) => ({ retentionMs: count * 86_400_000 });

    expect(inlineInbox(days(30))).toEqual(expect.any(Function));
    expect(() => inlineInbox({ retentionMs: days(30).retentionMs + 1 })).toThrow('from 1 to 2592000000');
  });
});

describe('the inline inbox', () => {
  const never = () => deferred<DispatchOutcome>().promise;

  it('names the handlers that failed', async () => {
    const inbox = inboxOf({}, async () => ({ retryable: ['Billing.charge', 'alerts'], final: [] }));

    await expect(inbox.accept(deliveryOf())).rejects.toMatchObject({
      code: 'handler_failed',
      message: 'Billing.charge, alerts failed for batch.succeeded msg_batch_1.',
    });
  });

  it('says how many events and how much memory it holds when it is full', async () => {
    const inbox = inboxOf({ maxEntries: 1 }, never);
    void inbox.accept(deliveryOf()).catch(() => undefined);

    await expect(inbox.accept(deliveryOf({ id: 'batch_2' }))).rejects.toMatchObject({
      code: 'inbox_unavailable',
      message: '1 event is being handled (about 0 MB), the limit of the inline inbox.',
    });
    expect(logger.of('warn')).toEqual([expect.stringMatching(/^batch\.succeeded msg_batch_2 was .* GeminiWebhooks$/)]);
  });

  it('counts the events of a full inbox that is larger than one', async () => {
    const inbox = inboxOf({ maxEntries: 2 }, never);
    for (const id of ['batch_1', 'batch_2']) void inbox.accept(deliveryOf({ id })).catch(() => undefined);

    await expect(inbox.accept(deliveryOf({ id: 'batch_3' }))).rejects.toMatchObject({
      message: '2 events are being handled (about 0 MB), the limit of the inline inbox.',
    });
  });

  it('notes the handlers that failed for good, outside of the receipt', async () => {
    const answers = {
      batch_1: { retryable: [], final: ['Orders.publish', 'alerts'] },
      batch_2: { retryable: [], final: [] },
    };
    const inbox = inboxOf({}, async ({ event }) => answers[event.data.id as keyof typeof answers]);

    const failed = await inbox.accept(deliveryOf());
    const succeeded = await inbox.accept(deliveryOf({ id: 'batch_2' }));

    expect(failed).toEqual({ status: 'processed', httpStatus: 200 });
    expect([finalFailuresOf(failed), finalFailuresOf(succeeded)]).toEqual([['Orders.publish', 'alerts'], []]);
  });

  it('needs no memory for a copy that no longer waits', async () => {
    const maxBytes = Math.ceil(2.5 * estimatedBytes(deliveryOf().body));
    const inbox = inboxOf({ ackTimeoutMs: 1000, maxBytes }, never);

    for (let copy = 0; copy < 4; copy += 1) {
      const answer = inbox.accept(deliveryOf()).catch((error: unknown) => error);
      await jest.advanceTimersByTimeAsync(1000);
      expect(await answer).toMatchObject({
        code: 'still_processing',
        message: 'The handlers took longer than 1000 ms.',
      });
    }
  });

  it('sets no timer for handlers that are done at once', async () => {
    const setTimer = jest.spyOn(globalThis, 'setTimeout');
    const inbox = inboxOf({}, async () => ({ retryable: [], final: [] }));

    await inbox.accept(deliveryOf());
    await new Promise((resolve) => process.nextTick(resolve));
    expect(setTimer).not.toHaveBeenCalled();
  });

  it('decides once what handlers receive, however often it is delivered', async () => {
    const decide = jest.fn(() => undefined);
    const inbox = inboxOf({}, async () => ({ retryable: ['alerts'], final: [] }), { decide });

    for (let delivery = 0; delivery < 2; delivery += 1)
      await expect(inbox.accept(deliveryOf())).rejects.toThrow('alerts');

    expect(decide).toHaveBeenCalledTimes(1);
  });

  it('aborts handlers that outlive the shutdown, and accepts nothing more', async () => {
    const runs: DispatchRun[] = [];
    const inbox = inboxOf({ drainTimeoutMs: 500 }, (_delivery, run) => {
      runs.push(run);
      run.begin?.('Orders.publish');
      run.begin?.('alerts')();
      return never();
    });
    void inbox.accept(deliveryOf()).catch(() => undefined);

    const closed = inbox.close();
    const shuttingDown = { message: 'The app is shutting down.' };
    await expect(inbox.accept(deliveryOf())).rejects.toMatchObject({ code: 'inbox_unavailable', ...shuttingDown });
    await jest.advanceTimersByTimeAsync(500);
    await closed;

    expect(runs.map(({ signal }) => signal?.reason as unknown)).toEqual([
      expect.objectContaining({ code: 'closed', ...shuttingDown }),
    ]);
    expect(logger.of('warn')).toEqual([
      'Handlers of 1 event were still running after drainTimeoutMs (500 ms): Orders.publish. Their signals are aborted, and Google retries. GeminiWebhooks',
    ]);
  });

  it('names the handlers that still run when it answers without them', async () => {
    const inbox = inboxOf({ ackTimeoutMs: 1000 }, (_delivery, run) => {
      for (const name of ['Orders.publish', 'alerts', 'Orders.publish']) run.begin?.(name);
      run.begin?.('Billing.charge')();
      return never();
    });

    const answer = inbox.accept(deliveryOf()).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(1000);

    expect(await answer).toMatchObject({ code: 'still_processing' });
    expect(logger.of('warn')).toEqual([
      expect.stringMatching(
        /^The handlers of batch\.succeeded msg_batch_1 took longer than ackTimeoutMs \(1000 ms\): Orders\.publish, alerts\. Answered with 503, and Google retries\./,
      ),
    ]);
  });
});

describe('an event that polling found', () => {
  const never = () => deferred<DispatchOutcome>().promise;
  const polled = (id = 'batch_1') => ({ ...deliveryOf({ id }), strategy: 'reconciled' });
  const running: InboxHost['dispatch'] = (_delivery, run) => {
    run.begin?.('Films.save');
    return never();
  };
  const stillRunning = (events: string) =>
    `Handlers of ${events} were still running after drainTimeoutMs (500 ms): Films.save. Their signals are aborted`;
  const lost =
    "nothing runs their handlers again, unless the job's webhook still arrives or the app waits for the job by Gemini's name.";
  const accept = (inbox: ReturnType<typeof inboxOf>, ...deliveries: ReturnType<typeof deliveryOf>[]) => {
    for (const delivery of deliveries) void inbox.accept(delivery).catch(() => undefined);
  };
  const warningAtShutdown = async (inbox: ReturnType<typeof inboxOf>) => {
    const closed = inbox.close();
    await jest.advanceTimersByTimeAsync(500);
    await closed;
    return logger.of('warn');
  };

  it('is not said to be retried by Google while its handlers run', async () => {
    const inbox = inboxOf({ ackTimeoutMs: 1000 }, running);
    accept(inbox, polled());
    await jest.advanceTimersByTimeAsync(1000);

    expect(logger.of('warn')).toEqual([
      'The handlers of batch.succeeded msg_batch_1 took longer than ackTimeoutMs (1000 ms): Films.save. Polling found the event: they keep running, and those that fail are retried. Use bullmqInbox for long work or for more than one replica. GeminiWebhooks',
    ]);
  });

  it('is handled later if the inbox is full', async () => {
    const inbox = inboxOf({ maxEntries: 1 }, never);
    accept(inbox, polled(), polled('batch_2'));
    await jest.advanceTimersByTimeAsync(0);

    expect(logger.of('warn')).toEqual([
      'batch.succeeded msg_batch_2 was found by polling and is handled later: 1 event is being handled (about 0 MB), the limit of the inline inbox. Check maxBytes, maxEntries, and whether a handler hangs. GeminiWebhooks',
    ]);
  });

  it('is said to be lost if its handlers outlive the shutdown', async () => {
    const inbox = inboxOf({ drainTimeoutMs: 500 }, running);
    accept(inbox, polled());

    expect(await warningAtShutdown(inbox)).toEqual([
      `${stillRunning('1 event')}. Polling found these events: ${lost} GeminiWebhooks`,
    ]);
  });

  it('is counted apart from those that Google retries', async () => {
    const inbox = inboxOf({ drainTimeoutMs: 500 }, running);
    accept(inbox, polled(), deliveryOf({ id: 'batch_2' }));

    expect(await warningAtShutdown(inbox)).toEqual([
      `${stillRunning('2 events')}, and Google retries, but not what polling found (1 event): ${lost} GeminiWebhooks`,
    ]);
  });

  it('is retried by Google if its webhook has come meanwhile', async () => {
    const inbox = inboxOf({ drainTimeoutMs: 500 }, running);
    accept(inbox, polled(), deliveryOf());

    expect(await warningAtShutdown(inbox)).toEqual([`${stillRunning('1 event')}, and Google retries. GeminiWebhooks`]);
  });

  it.each([
    ['succeeded', async () => ({ retryable: [], final: [] })],
    [
      'failed unexpectedly',
      async () => {
        throw new Error('unexpected');
      },
    ],
  ])('is not counted any more once its handlers have %s', async (_how, dispatch) => {
    const inbox = inboxOf({ drainTimeoutMs: 500 }, (delivery, run) =>
      delivery.strategy === 'reconciled' ? dispatch() : running(delivery, run),
    );
    accept(inbox, polled(), deliveryOf({ id: 'batch_2' }));
    await jest.advanceTimersByTimeAsync(0);

    expect(await warningAtShutdown(inbox)).toEqual([`${stillRunning('1 event')}, and Google retries. GeminiWebhooks`]);
  });
});
