import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import { GeminiInbox } from '../../../lib/inbox/gemini-inbox.js';
import type { InboxEngine } from '../../../lib/inbox/inbox-engine.js';
import { deliveryOf } from '../../support/deliveries.js';
import { RecordingLogger } from '../../support/recording-logger.js';

/** A custom engine with the required methods only. */
const engineOf = (accept: InboxEngine['accept']): InboxEngine => ({ accept, close: async () => undefined });

describe('GeminiInbox', () => {
  it('starts and closes its engine with the app, even if the engine has nothing to start', async () => {
    const calls: string[] = [];
    const engine: InboxEngine = {
      ...engineOf(async () => ({ status: 'accepted', httpStatus: 202 })),
      start: async () => void calls.push('start'),
      close: async () => void calls.push('close'),
    };
    const inbox = new GeminiInbox(engine);

    await inbox.onApplicationBootstrap();
    expect(calls).toEqual(['start']);
    await inbox.onModuleDestroy();
    expect(calls).toEqual(['start', 'close']);
    await expect(new GeminiInbox(engineOf(engine.accept)).onApplicationBootstrap()).resolves.toBeUndefined();
  });

  it('does not start an engine that it has closed, as an app that is closed while it starts would', async () => {
    const calls: string[] = [];
    const inbox = new GeminiInbox({
      ...engineOf(async () => ({ status: 'accepted', httpStatus: 202 })),
      start: async () => void calls.push('start'),
      close: async () => void calls.push('close'),
    });

    await inbox.onModuleDestroy();
    await inbox.onApplicationBootstrap();

    expect(calls).toEqual(['close']);
  });

  it.each([[undefined], [null], ['msg_1'], [{}], [{ id: 'msg_1' }]])(
    'refuses what is not a verified delivery: %j',
    async (given) => {
      const accepted: unknown[] = [];
      const inbox = new GeminiInbox(
        engineOf(async (delivery) => {
          accepted.push(delivery);
          return { status: 'accepted', httpStatus: 202 };
        }),
      );

      await expect(inbox.accept(given as never)).rejects.toMatchObject({
        code: 'invalid_argument',
        message:
          'GeminiInbox.accept: got no verified delivery. Give that of @GeminiDelivery(), on a route with GeminiSignatureGuard.',
      });
      expect([accepted, inbox.lastDeliveryAt]).toEqual([[], undefined]);
    },
  );

  it('logs under the name of the package', async () => {
    const logger = new RecordingLogger();
    Logger.overrideLogger(logger);
    const inbox = new GeminiInbox(engineOf(() => Promise.reject(new Error('the disk is full'))));

    await expect(inbox.accept(deliveryOf())).rejects.toMatchObject({ status: 503 });
    Logger.overrideLogger(false);

    expect(logger.of('error')).toEqual([expect.stringMatching(/^The inbox could not accept .* GeminiWebhooks$/)]);
  });

  it('says what to do for a custom inbox that does not count its events', async () => {
    const inbox = new GeminiInbox(engineOf(async () => ({ status: 'accepted', httpStatus: 202 })));

    await expect(inbox.stats()).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/Add a stats\(\) method/),
    });
  });

  it('returns the counts of its engine', async () => {
    const stats = { waiting: 3, active: 2, delayed: 1, failed: 4, oldestAgeMs: 1_500 };
    const inbox = new GeminiInbox({
      ...engineOf(async () => ({ status: 'accepted', httpStatus: 202 })),
      stats: async () => stats,
    });

    expect(await inbox.stats()).toEqual(stats);
  });

  it('remembers when the last verified delivery came, whether or not it could be accepted', async () => {
    jest.useFakeTimers({ now: 1_000_000 });
    const inbox = new GeminiInbox(engineOf(async () => Promise.reject(new Error('the disk is full'))));
    expect(inbox.lastDeliveryAt).toBeUndefined();

    await expect(inbox.accept(deliveryOf())).rejects.toMatchObject({ status: 503 });
    expect(inbox.lastDeliveryAt).toEqual(new Date(1_000_000));
    jest.useRealTimers();
  });

  it('logs an error that the engine did not expect, and no other', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const accept = (reason: Error) => new GeminiInbox(engineOf(() => Promise.reject(reason))).accept(deliveryOf());

    await expect(accept(new GeminiWebhooksError('inbox_unavailable', 'No.'))).rejects.toMatchObject({ status: 503 });
    expect(error).not.toHaveBeenCalled();
    await expect(accept(new Error('the disk is full'))).rejects.toMatchObject({ status: 503 });
    expect(error.mock.calls).toEqual([['The inbox could not accept batch.succeeded msg_batch_1: the disk is full']]);
    jest.restoreAllMocks();
  });
});
