import { afterEach, describe, expect, it } from '@jest/globals';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { withHmac } from '../support/senders.js';

/** Formatted unlike any serializer's output, so that only the exact bytes verify. */
const BODY = '{ "type": "batch.succeeded",  "data": { "id": "b1" } }';

afterEach(closeApps);

describe.each(ADAPTERS)('on $adapter', (adapter) => {
  const start = async (options: GeminiWebhooksModuleOptions) => {
    const own = receiver(options);
    const { origin } = await startApp(own.metadata, { adapter });
    return { ...own, origin };
  };

  it.each([
    ['a%20b', 'a b'],
    ['%C3%A9t%C3%A9', 'été'],
    ['a%2Fb', 'a/b'],
    ['plain', 'plain'],
  ])('the parameter %s reaches handlers and secrets as %s', async (sent, project) => {
    const asked: unknown[] = [];
    const { secret } = receiver();
    const { events, origin } = await start({
      path: 'gemini/:project',
      hmac: {
        secrets: (params) => {
          asked.push(params);
          return secret;
        },
      },
    });

    const answer = await post(`${origin}/gemini/${sent}`, withHmac(secret, BODY));

    expect(answer.body).toEqual({ status: 'processed' });
    expect(asked).toEqual([{ project }]);
    expect(events.map(({ delivery }) => delivery.params)).toEqual([{ project }]);
  });

  it('a parameter that cannot be decoded is refused and runs no handler', async () => {
    const { secret, events, origin } = await start({ path: 'gemini/:project' });

    const broken = await fetch(`${origin}/gemini/%zz`, { method: 'POST', ...withHmac(secret, BODY) });
    const next = await post(`${origin}/gemini/acme`, withHmac(secret, BODY));

    expect([400, 404]).toContain(broken.status);
    expect(next.status).toBe(200);
    expect(events).toHaveLength(1);
  });
});

describe('on Express, which is lenient', () => {
  it.each(['/Gemini/WebHooks', '/gemini/webhooks/', '/GEMINI/webhooks/?a=1'])('%s matches our route', async (path) => {
    const own = receiver();
    const { origin } = await startApp(own.metadata, { adapter: ADAPTERS[0] });

    const answer = await post(`${origin}${path}`, withHmac(own.secret, BODY));

    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
  });
});

describe('on Fastify, which can be configured to be lenient', () => {
  it.each(['/Gemini/WebHooks', '/gemini/webhooks/', '/gemini/%77ebhooks'])('%s matches our route', async (path) => {
    const own = receiver();
    const lenient = {
      ...ADAPTERS[1],
      create: () =>
        Promise.resolve(new FastifyAdapter({ routerOptions: { caseSensitive: false, ignoreTrailingSlash: true } })),
    };
    const { origin } = await startApp(own.metadata, { adapter: lenient });

    const answer = await post(`${origin}${path}`, withHmac(own.secret, BODY));

    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
  });
});
