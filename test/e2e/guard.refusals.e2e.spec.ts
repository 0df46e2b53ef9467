import { afterEach, describe, expect, it } from '@jest/globals';
import { All, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  GeminiDelivery,
  GeminiInbox,
  GeminiSignatureGuard,
  type GeminiWebhooksModuleOptions,
} from '../../lib/index.js';
import { expectProblem } from '../support/answers.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, hmacEntry, withHmac } from '../support/senders.js';

const BODY = '{ "type": "batch.succeeded",  "data": { "id": "b1" } }';

@Controller()
class OwnRoutes {
  constructor(readonly inbox: GeminiInbox) {}

  @Post('own')
  @HttpCode(200)
  @UseGuards(GeminiSignatureGuard)
  own(@GeminiDelivery() delivery: GeminiDelivery) {
    return this.inbox.accept(delivery);
  }

  @All('any')
  @UseGuards(GeminiSignatureGuard)
  any(@GeminiDelivery() { event }: GeminiDelivery) {
    return { type: event.type };
  }
}

afterEach(closeApps);

describe.each(ADAPTERS)("refusals of GeminiSignatureGuard with Nest's default filter on $adapter", (adapter) => {
  const start = async (options: GeminiWebhooksModuleOptions = {}) => {
    const own = receiver({ controller: false, ...options });
    const { origin } = await startApp({ ...own.metadata, controllers: [OwnRoutes] }, { adapter });
    return { ...own, origin };
  };

  it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('a %s to an @All() route is refused', async (method) => {
    const { secret, origin } = await start();
    const { headers, body } = withHmac(secret, BODY);

    const bare = await fetch(`${origin}/any`, { method });
    const signed = await fetch(`${origin}/any`, {
      method,
      headers,
      ...(method !== 'GET' && { body: body.replace('b1', 'b2') }),
    });

    expect(bare.ok || signed.ok).toBe(false);
    expect(bare.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(signed.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it.each([
    ['missing_header', 400, 'Bearer', {}],
    ['signature_mismatch', 401, 'v1,AAAA', {}],
    ['keys_unavailable', 503, undefined, { hmac: { secrets: () => Promise.reject(new Error('a vault is down')) } }],
    ['inbox_unavailable', 503, undefined, { inbox: failing }],
  ] as const)('%s has the documented status, body and headers', async (code, status, signature, options) => {
    const { secret, events, origin } = await start(options as GeminiWebhooksModuleOptions);
    const timestamp = Math.floor(Date.now() / 1000);
    const answer = await post(`${origin}/own`, {
      headers: {
        'content-type': 'application/json',
        'webhook-id': code === 'missing_header' ? '' : 'msg_1',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature ?? hmacEntry(secret, 'msg_1', timestamp, BODY),
      },
      body: BODY,
    });

    expectProblem(answer, status, code, ['vault', 'redis', secret]);
    expect(events).toEqual([]);
  });

  it('a body over the limit or of another type is refused before the guard runs', async () => {
    const { secret, origin } = await start({ bodyLimitBytes: 100 });
    const delivery = withHmac(secret, bodyOf('batch.succeeded', { pad: 'x'.repeat(100) }));

    const tooLarge = await post(`${origin}/own`, delivery);
    const text = await post(`${origin}/own`, {
      headers: { ...delivery.headers, 'content-type': 'text/plain' },
      body: BODY,
    });

    expect([tooLarge.status, tooLarge.body['code']]).toEqual([413, 'body_too_large']);
    expect([text.status, text.body['code']]).toEqual([415, 'unsupported_media_type']);
  });
});

function failing(): ReturnType<NonNullable<GeminiWebhooksModuleOptions['inbox']>> {
  return {
    accept: () => Promise.reject(new Error('connect ECONNREFUSED redis://user:password@10.0.0.1')),
    close: async () => undefined,
  };
}
