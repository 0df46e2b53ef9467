import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEventOf,
  type GeminiWebhooksModuleOptions,
} from '../../lib/index.js';
import { GeminiJobs } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { bodyOf, GoogleKeys, newSecret, withEd25519, withHmac, withJwt } from '../support/senders.js';

const secret = newSecret();
const google = new GoogleKeys();

@Injectable()
class BatchHandlers {
  static seen: GeminiEventOf<'batch.*' | 'video.generated'>[] = [];

  @OnGeminiEvent(['batch.*', 'video.generated'])
  publish(event: GeminiEventOf<'batch.*' | 'video.generated'>) {
    BatchHandlers.seen.push(event);
  }
}

afterEach(async () => {
  BatchHandlers.seen = [];
  await closeApps();
});

describe.each(ADAPTERS)('a delivery on $adapter', (adapter) => {
  const start = (options: GeminiWebhooksModuleOptions = {}) =>
    startApp(
      {
        imports: [
          GeminiWebhooksModule.forRoot({
            hmac: { secrets: secret },
            jwks: { keySet: google.keySet },
            binding: { secret: 'a binding secret of this test' },
            publicUrl: 'https://app.example.com',
            ...options,
          }),
        ],
        providers: [BatchHandlers],
      },
      { adapter },
    );

  it('signed with the secret reaches the handler once', async () => {
    const { origin } = await start();
    const delivery = withHmac(secret, bodyOf('batch.completed', { id: 'batch_1' }));

    const first = await post(`${origin}/gemini/webhooks`, delivery);
    const second = await post(`${origin}/gemini/webhooks`, delivery);

    expect([first.status, first.body]).toEqual([200, { status: 'processed' }]);
    expect([second.status, second.body]).toEqual([200, { status: 'duplicate' }]);
    expect(BatchHandlers.seen).toHaveLength(1);
    expect(BatchHandlers.seen[0]).toMatchObject({
      type: 'batch.succeeded',
      resource: { kind: 'batch', name: 'batches/1' },
      delivery: { strategy: 'hmac', sentType: 'batch.completed', registration: 'default' },
    });
  });

  it('signed with one of three Ed25519 keys without a key id is accepted with our token and refused without it', async () => {
    const { app, origin } = await start();
    const { uris, userMetadata } = await app.get(GeminiJobs).webhookConfig({ metadata: { order: 7 } });
    const query = new URL(uris[0]!).search;

    const bound = await post(
      `${origin}/gemini/webhooks${query}`,
      withEd25519(google.key(2), bodyOf('video.generated', { id: 'v1' })),
    );
    const byMetadata = await post(
      `${origin}/gemini/webhooks`,
      withEd25519(google.key(1), bodyOf('video.generated', { id: 'v2' }, { user_metadata: userMetadata })),
    );
    const foreign = await post(
      `${origin}/gemini/webhooks`,
      withEd25519(google.key(0), bodyOf('video.generated', { id: 'v3' })),
    );

    expect(bound.body).toEqual({ status: 'processed' });
    expect(byMetadata.body).toEqual({ status: 'processed' });
    expect([foreign.status, foreign.body['code']]).toEqual([403, 'unbound_delivery']);
    expect(BatchHandlers.seen.map((event) => event.userMetadata)).toEqual([{}, { order: 7 }]);
  });

  it('sent as a JWT is verified by its claims', async () => {
    const { app, origin } = await start();
    const { userMetadata } = await app.get(GeminiJobs).webhookConfig();
    const claims = {
      type: 'batch.succeeded',
      data: { id: 'b9' },
      user_metadata: userMetadata,
      iat: Math.floor(Date.now() / 1000),
    };

    const answer = await post(
      `${origin}/gemini/webhooks`,
      await withJwt(google.rsa.privateKey, claims, { kid: 'rsa-0' }),
    );

    expect(answer.body).toEqual({ status: 'processed' });
    expect(BatchHandlers.seen[0]?.data).toEqual({ id: 'b9' });
  });
});
