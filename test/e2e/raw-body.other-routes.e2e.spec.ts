import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Headers, HttpCode, Post, Put, Req, UseGuards, VersioningType } from '@nestjs/common';
import { GeminiSignatureGuard } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver, type Receiver } from '../support/receiver.js';
import { bodyOf, headers, withHmac } from '../support/senders.js';

/** The request body as a route of the app received it. */
interface Got {
  readonly body: unknown;
  readonly rawBody: string | undefined;
}

@Controller()
class EchoController {
  @Post(['echo', 'other/gemini/webhooks', 'gemini/webhooks/sub', 'gemini/webhooks2'])
  @HttpCode(200)
  echo(@Body() body: unknown, @Req() { rawBody }: { rawBody?: Buffer }): Got {
    return { body, rawBody: rawBody?.toString() };
  }

  @Put('gemini/webhooks')
  put(@Body() body: unknown) {
    return { body };
  }
}

@Controller({ path: 'sibling', version: '1' })
@UseGuards(GeminiSignatureGuard)
class GuardedSibling {
  @Post()
  @HttpCode(200)
  receive() {
    return { guarded: true };
  }
}

@Controller({ path: 'sibling', version: '2' })
class OpenSibling {
  @Post()
  @HttpCode(200)
  receive(@Body() body: unknown, @Headers('x-version') version: string) {
    return { version, body };
  }
}

class Base {
  @Post()
  @HttpCode(200)
  receive(@Body() body: unknown) {
    return { body };
  }
}

@Controller('inherited/guarded')
@UseGuards(GeminiSignatureGuard)
class GuardedHeir extends Base {}

@Controller('inherited/open')
class OpenHeir extends Base {}

describe.each(ADAPTERS)('other routes on $adapter', (adapter) => {
  let own: Receiver;
  let origin: string;

  beforeAll(async () => {
    own = receiver();
    ({ origin } = await startApp(
      {
        ...own.metadata,
        controllers: [EchoController, GuardedSibling, OpenSibling, GuardedHeir, OpenHeir],
      },
      {
        adapter,
        options: { rawBody: true },
        configure: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
      },
    ));
  });

  afterAll(closeApps);

  const json = { 'content-type': 'application/json' };
  const webhook = headers('msg_1', new Date(), 'v1,AAAA');

  it.each([
    ['a plain route', '/echo', json],
    ['one with webhook headers', '/echo', webhook],
    ['one whose path ends like ours', '/other/gemini/webhooks', webhook],
    ['one below our path', '/gemini/webhooks/sub', webhook],
    ['one whose path begins like ours', '/gemini/webhooks2', webhook],
  ])('a JSON route gets its parsed and its raw body: %s', async (_which, path, sent) => {
    const answer = await post(`${origin}${path}`, { headers: sent, body: '{ "a": 1 }' });

    expect([answer.status, answer.body]).toEqual([200, { body: { a: 1 }, rawBody: '{ "a": 1 }' }]);
  });

  it('a form route gets its parsed body', async () => {
    const answer = await post(`${origin}/echo`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'a=1&b=two',
    });

    expect(answer.body['body']).toEqual({ a: '1', b: 'two' });
  });

  it.each(['/echo', '/other/gemini/webhooks'])("malformed JSON for %s gets the app's own 400", async (path) => {
    const answer = await post(`${origin}${path}`, { headers: webhook, body: '{"a":' });

    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.body).toMatchObject({ statusCode: 400 });
  });

  it('another method at our path gets its parsed body', async () => {
    const response = await fetch(`${origin}/gemini/webhooks`, { method: 'PUT', headers: webhook, body: '{"a":1}' });

    expect(await response.json()).toEqual({ body: { a: 1 } });
  });

  it('another version of a guarded route gets its parsed body', async () => {
    const open = await post(`${origin}/sibling`, { headers: { ...json, 'x-version': '2' }, body: '{"a":1}' });
    const delivery = withHmac(own.secret, bodyOf('batch.succeeded', { id: 'b' }));
    const guarded = await post(`${origin}/sibling`, {
      ...delivery,
      headers: { ...delivery.headers, 'x-version': '1' },
    });

    expect(open.body).toEqual({ version: '2', body: { a: 1 } });
    expect(guarded.body).toEqual({ guarded: true });
  });

  it('a method that an open and a guarded controller inherit is captured only for the guarded one', async () => {
    const open = await post(`${origin}/inherited/open`, { headers: json, body: '{"a":1}' });
    const malformed = await post(`${origin}/inherited/open`, { headers: json, body: '{"a":' });
    const guarded = await post(`${origin}/inherited/guarded`, withHmac(own.secret, '{ "type": "a.b" }'));

    expect(open.body).toEqual({ body: { a: 1 } });
    expect(malformed.body).toMatchObject({ statusCode: 400 });
    expect(guarded.body).toEqual({ body: { type: 'a.b' } });
  });
});
