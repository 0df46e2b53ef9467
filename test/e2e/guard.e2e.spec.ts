import { afterEach, describe, expect, it } from '@jest/globals';
import {
  All,
  Body,
  Controller,
  HttpCode,
  Post,
  Req,
  Res,
  UseGuards,
  type ArgumentMetadata,
  type INestApplication,
  type PipeTransform,
  BadRequestException,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  GeminiDelivery,
  GeminiInbox,
  GeminiSignatureGuard,
  type GeminiWebhooksModuleOptions,
  type InboxReceipt,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { GoogleKeys, withHmac, withJwt } from '../support/senders.js';

const BODY = '{ "type": "batch.succeeded",  "data": { "id": "b1" } }';
const google = new GoogleKeys();

@Controller('own')
class OwnRoutes {
  constructor(
    readonly inbox: GeminiInbox,
    readonly host: HttpAdapterHost,
  ) {}

  @Post('accept')
  @UseGuards(GeminiSignatureGuard)
  async accept(@GeminiDelivery() delivery: GeminiDelivery, @Res() response: object): Promise<void> {
    const receipt: InboxReceipt = await this.inbox.accept(delivery);
    this.host.httpAdapter.reply(response, receipt, receipt.httpStatus);
  }

  @Post('returned')
  @HttpCode(200)
  @UseGuards(GeminiSignatureGuard)
  returned(@GeminiDelivery() delivery: GeminiDelivery): Promise<InboxReceipt> {
    return this.inbox.accept(delivery);
  }

  @Post('show')
  @HttpCode(200)
  @UseGuards(GeminiSignatureGuard)
  show(
    @GeminiDelivery() delivery: GeminiDelivery,
    @Body() body: unknown,
    @Body('data') data: unknown,
    @Req() request: { rawBody: Buffer; body: unknown },
  ) {
    const { strategy, registration, event } = delivery;
    return {
      delivery: { strategy, registration, type: event.type, bytes: delivery.body.toString() },
      body,
      data,
      same: request.body === body,
      rawBody: request.rawBody.toString(),
    };
  }

  @Post('unguarded')
  unguarded(@GeminiDelivery() delivery: GeminiDelivery) {
    return delivery;
  }
}

@Controller('guarded-class')
@UseGuards(GeminiSignatureGuard)
class GuardedClass {
  @All('any')
  any(@GeminiDelivery() { event }: GeminiDelivery) {
    return { type: event.type };
  }

  @Post('post')
  @HttpCode(200)
  post(@GeminiDelivery() { event }: GeminiDelivery) {
    return { type: event.type };
  }
}

/** As strict as a ValidationPipe that forbids unknown properties. */
class StrictPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom') return value;
    throw new BadRequestException(`${type} of ${metatype?.name} is not allowed`);
  }
}

afterEach(closeApps);

describe.each(ADAPTERS)('GeminiSignatureGuard on $adapter', (adapter) => {
  const start = async (options: GeminiWebhooksModuleOptions = {}, configure?: (app: INestApplication) => void) => {
    const own = receiver({ controller: false, ...options });
    const { origin } = await startApp(
      { ...own.metadata, controllers: [OwnRoutes, GuardedClass] },
      { adapter, ...(configure && { configure }) },
    );
    return { ...own, origin };
  };

  it.each(['accept', 'returned'])('%s: the inbox returns a receipt with status and httpStatus', async (route) => {
    const { secret, events, origin } = await start();
    const delivery = withHmac(secret, BODY);

    const first = await post(`${origin}/own/${route}`, delivery);
    const second = await post(`${origin}/own/${route}`, delivery);

    expect([first.status, first.body]).toEqual([200, { status: 'processed', httpStatus: 200 }]);
    expect([second.status, second.body]).toEqual([200, { status: 'duplicate', httpStatus: 200 }]);
    expect(events).toHaveLength(1);
  });

  it('the receipt of a durable inbox has httpStatus 202', async () => {
    const { secret, origin } = await start({
      inbox: () => ({ accept: async () => ({ status: 'accepted', httpStatus: 202 }), close: async () => undefined }),
    });

    const answer = await post(`${origin}/own/accept`, withHmac(secret, BODY));

    expect([answer.status, answer.body]).toEqual([202, { status: 'accepted', httpStatus: 202 }]);
  });

  it('the route receives the delivery, the parsed body and the exact bytes', async () => {
    const { secret, origin } = await start();

    const answer = await post(`${origin}/own/show`, withHmac(secret, BODY));

    expect(answer.body).toEqual({
      delivery: { strategy: 'hmac', registration: 'default', type: 'batch.succeeded', bytes: BODY },
      body: JSON.parse(BODY),
      data: { id: 'b1' },
      same: true,
      rawBody: BODY,
    });
  });

  it.each(['{}', 'not JSON', ''])('the body %j beside a JWT, which ignores it, has no effect', async (body) => {
    const { origin } = await start({ jwks: { keySet: google.keySet }, binding: false });
    const claims = { type: 'batch.succeeded', data: { id: 'b1' }, iat: Math.floor(Date.now() / 1000) };

    const answer = await post(
      `${origin}/own/show`,
      await withJwt(google.rsa.privateKey, claims, { kid: 'rsa-0', body }),
    );

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ delivery: { strategy: 'jwks', type: 'batch.succeeded' }, rawBody: body });
  });

  it('the verified delivery reaches the route through strict global pipes', async () => {
    const { secret, origin } = await start({}, (app) => app.useGlobalPipes(new StrictPipe()));

    const answer = await post(`${origin}/guarded-class/post`, withHmac(secret, BODY));

    expect(answer.body).toEqual({ type: 'batch.succeeded' });
  });

  it.each([
    ['guarded-class/any', 200],
    ['guarded-class/post', 200],
  ])('protects %s when it is on the class', async (path, status) => {
    const { secret, origin } = await start();

    const taken = await post(`${origin}/${path}`, withHmac(secret, BODY));
    const { headers } = withHmac(secret, BODY);
    const forged = await post(`${origin}/${path}`, { headers, body: BODY.replace('b1', 'b2') });

    expect([taken.status, taken.body]).toEqual([status, { type: 'batch.succeeded' }]);
    expect([forged.status, forged.body['code']]).toEqual([401, 'signature_mismatch']);
  });

  it('no route is mounted with controller: false', async () => {
    const { secret, origin } = await start();

    const { status } = await fetch(`${origin}/gemini/webhooks`, { method: 'POST', ...withHmac(secret, BODY) });

    expect(status).toBe(404);
  });

  it('@GeminiDelivery() fails without the guard and returns nothing', async () => {
    const { secret, origin } = await start();

    const answer = await post(`${origin}/own/unguarded`, withHmac(secret, BODY));

    expect([answer.status, answer.body]).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
  });
});
