import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GeminiInbox, inlineInbox, OnGeminiEvent, type GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { expectProblem, expectReceipt } from '../support/answers.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deferred } from '../support/deferred.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { bodyOf, GoogleKeys, newSecret, withEd25519, withHmac, type Delivery } from '../support/senders.js';

const PRIVATE = 'postgres://user:hunter2@db/private';
const secret = newSecret();
const google = new GoogleKeys();
const batch = bodyOf('batch.succeeded', { id: 'b1' });
const dynamic = () => withEd25519(google.key(), batch);
const having = (changed: Record<string, string>): Delivery => {
  const { headers, body } = withHmac(secret, batch);
  return { headers: { ...headers, ...changed }, body };
};

@Injectable()
class FailingHandler {
  @OnGeminiEvent('batch.failed')
  fail() {
    throw new Error(PRIVATE);
  }
}

afterEach(closeApps);

describe.each(ADAPTERS)('the response on $adapter', (adapter) => {
  const start = async (options: GeminiWebhooksModuleOptions = {}, providers: (new () => object)[] = []) => {
    const own = receiver(
      {
        hmac: { secrets: secret },
        jwks: { keySet: google.keySet },
        binding: { secret: 'a secret of this test' },
        ...options,
      },
      secret,
    );
    const logger = new RecordingLogger();
    const { app, origin } = await startApp(
      { imports: own.metadata.imports, providers: [...own.metadata.providers, FailingHandler, ...providers] },
      { adapter, options: { logger } },
    );
    return { ...own, app, logger, url: `${origin}/gemini/webhooks` };
  };

  it('is 200 duplicate when the event was handled before', async () => {
    const { url, events } = await start();

    await post(url, withHmac(secret, batch));
    const again = await post(url, withHmac(secret, batch));

    expectReceipt(again, 200, 'duplicate');
    expect(events).toHaveLength(1);
  });

  it('is 503 still_processing after ackTimeoutMs, and processed or duplicate once the handlers are done', async () => {
    const done = deferred();
    @Injectable()
    class SlowHandler {
      @OnGeminiEvent('batch.succeeded')
      wait() {
        return done.promise;
      }
    }
    const { url } = await start({ inbox: inlineInbox({ ackTimeoutMs: 20 }) }, [SlowHandler]);

    const early = await post(url, withHmac(secret, batch));
    done.resolve();
    const later = await post(url, withHmac(secret, batch));

    expectProblem(early, 503, 'still_processing');
    expect([later.status, later.body]).toEqual([200, { status: 'duplicate' }]);
  });

  it('is 503 inbox_unavailable while the app shuts down', async () => {
    const { app, url, events } = await start();
    await app.get(GeminiInbox).onModuleDestroy();

    const answer = await post(url, withHmac(secret, batch));

    expectProblem(answer, 503, 'inbox_unavailable');
    expect(events).toEqual([]);
  });

  it("is 503 keys_unavailable while Google's keys cannot be fetched", async () => {
    const down: Server = createServer((_request, response) => response.writeHead(500).end(PRIVATE));
    await once(down.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = down.address() as AddressInfo;
      const { url, events } = await start({ jwks: { url: `http://127.0.0.1:${port}/jwks.json` } });

      expectProblem(await post(url, dynamic()), 503, 'keys_unavailable', [PRIVATE]);
      expect(events).toEqual([]);
    } finally {
      down.close();
    }
  });

  it('contains no detail that is logged', async () => {
    const { url, logger } = await start();

    const answer = await post(url, withHmac(secret, bodyOf('batch.failed', { id: 'b' })));

    expectProblem(answer, 500, 'handler_failed', [PRIVATE, secret]);
    expect(logger.of('error').join()).toContain(PRIVATE);
    expect(logger.text).not.toContain(secret);
  });

  it('is the same for every reason why a signature does not verify', async () => {
    const { url } = await start();
    const forgeries = [newSecret(), newSecret()].map((other) => withHmac(other, batch));

    const answers = await Promise.all(
      [...forgeries, having({ 'webhook-signature': 'garbage' }), having({ 'webhook-id': 'msg_other' })].map((one) =>
        post(url, one),
      ),
    );

    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toHaveProperty('size', 1);
  });
});
