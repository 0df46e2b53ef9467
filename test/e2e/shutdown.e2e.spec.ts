import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { once } from 'node:events';
import {
  GeminiEventBus,
  inlineInbox,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiHandlerContext,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deferred, type Deferred } from '../support/deferred.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, HANDLER_FAILED, INBOX_UNAVAILABLE, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

let started: Deferred<GeminiHandlerContext>;
let gate: Deferred;
const order: string[] = [];

@Injectable()
class Patient {
  @OnGeminiEvent('*')
  async run(_event: GeminiEvent, context: GeminiHandlerContext) {
    started.resolve(context);
    await gate.promise;
    order.push('handled');
  }
}

/** A handler that ends when its signal aborts. */
@Injectable()
class Obedient {
  @OnGeminiEvent('*')
  async run(_event: GeminiEvent, context: GeminiHandlerContext) {
    const aborted = once(context.signal, 'abort');
    started.resolve(context);
    await aborted;
    order.push('aborted');
    throw context.signal.reason;
  }
}

afterEach(async () => {
  gate.resolve();
  await closeApps();
  order.length = 0;
});

describe.each(ADAPTERS)('shutting down on $adapter', (adapter) => {
  const start = async (handlers: typeof Patient | typeof Obedient, inbox = inlineInbox()) => {
    started = deferred();
    gate = deferred();
    const logger = new RecordingLogger();
    const metadata = { imports: [staticWebhooks({ inbox })], providers: [handlers] };
    return { ...(await startApp(metadata, { adapter, options: { logger } })), logger };
  };

  it('waits for running handlers, and answers new deliveries with 503 and retry-after', async () => {
    const { app, origin } = await start(Patient);
    const answer = deliver(origin, { id: 'batch_1' });
    const context = await started.promise;

    const closed = app.close().then(() => order.push('closed'));
    const meanwhile = await Promise.all([deliver(origin, { id: 'batch_1' }), deliver(origin, { id: 'batch_2' })]);
    order.push('refused');
    gate.resolve();

    expect(await answer).toMatchObject(PROCESSED);
    await closed;
    for (const refused of meanwhile) {
      expect(refused).toMatchObject(INBOX_UNAVAILABLE);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(order).toEqual(['refused', 'handled', 'closed']);
    expect(context.signal.aborted).toBe(false);
  });

  it('aborts the handlers when drainTimeoutMs has passed, logs it, and does not acknowledge their event', async () => {
    const { app, origin, logger } = await start(Obedient, inlineInbox({ drainTimeoutMs: 10 }));
    const answer = deliver(origin);
    const { signal } = await started.promise;

    await Promise.all([app.close(), answer]);

    expect(order).toEqual(['aborted']);
    expect(signal.reason).toMatchObject({ code: 'closed' });
    expect(await answer).toMatchObject(HANDLER_FAILED);
    expect(logger.of('warn')).toContainEqual(
      expect.stringMatching(/still running after drainTimeoutMs \(10 ms\): \w+\.\w+\. /),
    );
  });

  it('completes the streams of the bus and rejects pending waits', async () => {
    const { app } = await start(Patient);
    const bus = app.get(GeminiEventBus);
    const completed: string[] = [];
    bus.events$.subscribe({ complete: () => completed.push('events$') });
    bus.failures$.subscribe({ complete: () => completed.push('failures$') });
    const waiting = bus.waitFor('*').catch((error: unknown) => error);

    await app.close();
    expect(await waiting).toMatchObject({ code: 'closed' });
    expect(completed).toEqual(['events$', 'failures$']);
  });

  it('closes an idle app, and has no effect the second time', async () => {
    const { app } = await start(Patient);
    await Promise.all([app.close(), app.close()]);
    await expect(app.close()).resolves.toBeUndefined();
  });
});
