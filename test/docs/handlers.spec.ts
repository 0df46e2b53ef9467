import { Injectable, type Type } from '@nestjs/common';
import type { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { OnGeminiEvent, type AroundGeminiHandler, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { deliver, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';
import { closeSinks } from '../support/webhook-sink.js';
import { closeExamples, recorder } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/handlers.md');

beforeEach(() => {
  setEnvironment();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeExamples();
  await closeSinks();
  setEnvironment();
});

describe('docs/handlers.md', () => {
  page.example('Around each attempt', 'runs each handler within the request id', async (example) => {
    const { requestIds, WithRequestId } = await example.run<{
      requestIds: AsyncLocalStorage<string>;
      WithRequestId: Type<AroundGeminiHandler>;
    }>();
    const seen: (string | undefined)[] = [];
    @Injectable()
    class Orders {
      @OnGeminiEvent('*')
      handle() {
        seen.push(requestIds.getStore());
      }
    }
    const imports = [staticWebhooks({ around: [WithRequestId] })];
    const { origin } = await startApp({ imports, providers: [Orders] }, { adapter });

    await deliver(origin);

    expect(seen).toEqual([expect.stringMatching(/^msg_/)]);
  });

  page.example('The event bus', 'receives failures and the next event of a batch', async (example) => {
    const { Watch } = await example.run<{ Watch: Type<{ next(batch: string): Promise<GeminiEvent> }> }>();
    const error = jest.spyOn(console, 'error').mockReturnValue();
    const providers = [Watch, recorder([], { failsFor: 'batch.expired' })];
    const { app, origin } = await startApp({ imports: [staticWebhooks()], providers }, { adapter });
    const next = app.get(Watch).next('batches/2');

    await deliver(origin, { id: 'batch_1' });
    await deliver(origin, { id: 'batch_2', type: 'batch.failed' });
    expect(await deliver(origin, { id: 'batch_3', type: 'batch.expired' })).toMatchObject(HANDLER_FAILED);

    expect(await next).toMatchObject({ type: 'batch.failed', resource: { name: 'batches/2' } });
    expect(error.mock.calls).toEqual([['recorder', 'will be retried', new Error('not yet')]]);
  });

  page.example('Custom routes', 'verifies and handles as the built-in route does', async (example) => {
    const { HooksController } = await example.run<{ HooksController: Type }>();
    const { secret, events, metadata } = receiver({ controller: false });
    const { origin } = await startApp({ ...metadata, controllers: [HooksController] }, { adapter });
    const url = `${origin}/hooks/gemini`;

    expect(await post(url, withHmac(secret, bodyOf('batch.succeeded', { id: 'batch_1' })))).toMatchObject(PROCESSED);
    expect(await post(url, withHmac(newSecret(), bodyOf('batch.succeeded', { id: 'batch_2' })))).toMatchObject({
      status: 401,
    });
    expect(events).toMatchObject([{ resource: { name: 'batches/1' } }]);
  });

  page.everyExampleIsRun();
});
