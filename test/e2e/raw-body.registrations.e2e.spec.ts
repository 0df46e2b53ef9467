import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, Injectable, Post, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import {
  GeminiDelivery,
  GeminiEventBus,
  geminiSignatureGuard,
  GeminiSignatureGuard,
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, moduleOf, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';

const BODY = '{ "type": "batch.succeeded",  "data": { "id": "b1" } }';
const secrets = { default: newSecret(), b: newSecret() };

@Controller('own')
class OwnRoutes {
  @Post('default')
  @HttpCode(200)
  @UseGuards(GeminiSignatureGuard)
  ofDefault(@GeminiDelivery() { registration }: GeminiDelivery) {
    return { registration };
  }

  @Post('b')
  @HttpCode(200)
  @UseGuards(geminiSignatureGuard('b'))
  ofB(@GeminiDelivery() { registration }: GeminiDelivery) {
    return { registration };
  }
}

@Injectable()
class Handlers {
  readonly seen: string[] = [];

  @OnGeminiEvent('batch.*')
  note({ delivery }: GeminiEvent) {
    this.seen.push(delivery.registration);
  }
}

afterEach(closeApps);

describe.each(ADAPTERS)('two module instances on one $adapter server', (adapter) => {
  const start = () =>
    startApp(
      {
        imports: [
          GeminiWebhooksModule.forRoot({ hmac: { secrets: secrets.default }, jwks: false, bodyLimitBytes: 1000 }),
          GeminiWebhooksModule.forRoot({
            name: 'b',
            path: 'hooks/b',
            hmac: { secrets: secrets.b },
            jwks: false,
            bodyLimitBytes: 2000,
          }),
        ],
        controllers: [OwnRoutes],
        providers: [Handlers],
      },
      { adapter },
    );

  it('verify with their own secrets, and the handlers receive events of both', async () => {
    const { app, origin } = await start();

    const statuses = await Promise.all(
      (['default', 'b'] as const).flatMap((signer) =>
        ['gemini/webhooks', 'hooks/b'].map(async (path) => {
          const { status } = await post(`${origin}/${path}`, withHmac(secrets[signer], BODY));
          return [signer, path, status];
        }),
      ),
    );

    expect(statuses).toEqual([
      ['default', 'gemini/webhooks', 200],
      ['default', 'hooks/b', 401],
      ['b', 'gemini/webhooks', 401],
      ['b', 'hooks/b', 200],
    ]);
    expect(app.get(Handlers).seen.toSorted()).toEqual(['b', 'default']);
  });

  it.each([
    ['default', 'default', 200],
    ['default', 'b', 401],
    ['b', 'b', 200],
    ['b', 'default', 401],
  ] as const)('a guard of %s given a delivery for %s answers %i', async (guard, signer, status) => {
    const { origin } = await start();

    const answer = await post(`${origin}/own/${guard}`, withHmac(secrets[signer], BODY));

    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.body).toEqual({ registration: guard });
  });

  it('each have their own limit', async () => {
    const { origin } = await start();
    const body = bodyOf('batch.succeeded', { id: 'b', pad: 'x'.repeat(1500) });

    for (const [path, status] of [
      ['gemini/webhooks', 413],
      ['own/default', 413],
      ['hooks/b', 200],
      ['own/b', 200],
    ] as const) {
      const answer = await post(`${origin}/${path}`, withHmac(secrets[path.endsWith('b') ? 'b' : 'default'], body));
      expect([path, answer.status]).toEqual([path, status]);
    }
  });

  it('of a testing module receive the exact bytes', async () => {
    const own = receiver();
    const testing = await Test.createTestingModule(own.metadata).compile();
    const app: INestApplication = testing.createNestApplication(await adapter.create(), { logger: false });
    try {
      await app.listen(0, '127.0.0.1');
      const { port } = app.getHttpServer().address() as AddressInfo;

      const answer = await post(`http://127.0.0.1:${port}/gemini/webhooks`, withHmac(own.secret, BODY));

      expect(answer.body).toEqual({ status: 'processed' });
      expect(own.events).toHaveLength(1);
    } finally {
      await app.close();
    }
  });
});

describe('without a server', () => {
  it('an application context starts and closes', async () => {
    const { metadata } = receiver();
    const context = await NestFactory.createApplicationContext(moduleOf(metadata), {
      logger: false,
      abortOnError: false,
    });

    expect(context.get(GeminiEventBus)).toBeInstanceOf(GeminiEventBus);
    await context.close();
  });

  it('a testing module starts and closes', async () => {
    const testing = await Test.createTestingModule(receiver().metadata).compile();

    await testing.init();
    expect(testing.get(GeminiEventBus)).toBeInstanceOf(GeminiEventBus);
    await testing.close();
  });
});

describe('two apps in one process', () => {
  it.each(ADAPTERS)('on $adapter are independent, even if they share a guarded controller', async (adapter) => {
    const [first, second] = [receiver(), receiver()];
    const start = ({ metadata }: typeof first) =>
      startApp(
        {
          ...metadata,
          imports: [
            ...metadata.imports,
            GeminiWebhooksModule.forRoot({ name: 'b', path: 'hooks/b', hmac: { secrets: secrets.b }, jwks: false }),
          ],
          controllers: [OwnRoutes],
        },
        { adapter },
      );
    const [one, two] = [await start(first), await start(second)];

    const own = await post(`${one.origin}/own/default`, withHmac(first.secret, BODY));
    const foreign = await post(`${two.origin}/own/default`, withHmac(first.secret, BODY));

    expect([own.status, foreign.status]).toEqual([200, 401]);
  });
});
