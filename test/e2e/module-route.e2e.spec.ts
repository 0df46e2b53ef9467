import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD, NestFactory, Reflector } from '@nestjs/core';
import {
  GeminiInbox,
  GeminiWebhooksModule,
  inlineInbox,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiWebhooksModuleOptions,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, moduleOf, startApp } from '../support/apps.js';
import { deliveryOf } from '../support/deliveries.js';
import { setEnvironment } from '../support/environment.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { GoogleKeys, newSecret, withEd25519, withHmac, bodyOf } from '../support/senders.js';
import { post } from '../support/http.js';
import { deliver, HANDLER_FAILED, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';

const IS_PUBLIC = 'isPublic';
const Public = () => SetMetadata(IS_PUBLIC, true);
const params: GeminiEvent['delivery']['params'][] = [];

@Injectable()
class LoginGuard {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()]) === true;
  }
}

@Controller('private')
class PrivateController {
  @Get()
  read() {
    return {};
  }
}

@Injectable()
class Handlers {
  @OnGeminiEvent('*')
  run({ delivery }: GeminiEvent) {
    params.push(delivery.params);
  }
}

beforeEach(() => {
  setEnvironment();
});
afterEach(async () => {
  params.length = 0;
  await closeApps();
});

describe.each(ADAPTERS)('the route on $adapter', (adapter) => {
  const start = (options: GeminiWebhooksModuleOptions = {}, rest: object = {}) =>
    startApp({ imports: [staticWebhooks(options)], providers: [Handlers], ...rest }, { adapter });

  it('has the given decorators, which a global guard reads with its Reflector', async () => {
    const guarded = {
      controllers: [PrivateController],
      providers: [Handlers, { provide: APP_GUARD, useClass: LoginGuard }],
    };
    const closed = await start({}, guarded);
    const open = await start({ decorators: [Public()] }, guarded);

    expect(await deliver(closed.origin)).toMatchObject({ status: 403 });
    expect(await deliver(open.origin)).toMatchObject(PROCESSED);
    expect((await fetch(`${open.origin}/private`)).status).toBe(403);
    expect(params).toHaveLength(1);
  });

  it('passes its parameters on, and treats events with different parameters as different events', async () => {
    const { origin } = await start({ path: 'gemini/:project/:stage' });

    for (const path of ['gemini/acme/test', 'gemini/acme/live']) {
      expect(await deliver(origin, { path })).toMatchObject(PROCESSED);
    }
    expect(params).toEqual([
      { project: 'acme', stage: 'test' },
      { project: 'acme', stage: 'live' },
    ]);
  });

  it('is not mounted with controller: false, and the inbox accepts deliveries from a custom route', async () => {
    const { app, origin } = await start({ controller: false });

    expect(await deliver(origin)).toMatchObject({ status: 404 });
    expect(await app.get(GeminiInbox).accept(deliveryOf())).toEqual({ status: 'processed', httpStatus: 200 });
    expect(params).toHaveLength(1);
  });

  it.each<{ options: object; message: RegExp }>([
    { options: { path: 'a b' }, message: /path: got "a b".*gemini\/:project/ },
    { options: { path: '' }, message: /path: got ""/ },
    { options: { path: 7 }, message: /path: got 7/ },
    { options: { path: 'a//b' }, message: /path: got "a\/\/b"/ },
    { options: { name: '' }, message: /name: got ""/ },
    { options: { name: 'x'.repeat(65) }, message: /name: got/ },
    { options: { controller: 'no' }, message: /controller: got "no"/ },
    { options: { decorators: [7] }, message: /decorators: got a list/ },
    { options: { decorators: [() => SetMetadata('public', true)] }, message: /decorators: got one that.*Call it/ },
  ])('rejects $options when the module is defined', ({ options, message }) => {
    expect(() => GeminiWebhooksModule.forRoot(options)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) }) as unknown as Error,
    );
  });

  it('never logs secrets, tokens or signatures', async () => {
    const google = new GoogleKeys();
    const binding = 'the binding secret of this run';
    const apiKey = 'AIza-the-key-of-this-run';
    const stale = withHmac(SECRET, bodyOf('batch.failed'), { date: new Date(0) });
    const forged = withHmac(newSecret(), bodyOf('batch.failed'));
    const foreign = withEd25519(google.key(), bodyOf('video.generated', { id: 'v1' }));
    let fails = true;
    @Injectable()
    class Failing {
      @OnGeminiEvent('*')
      run() {
        if (fails) throw new Error('not yet');
      }
    }
    const logger = new RecordingLogger();
    const { app, origin } = await startApp(
      {
        imports: [
          staticWebhooks({
            jwks: { keySet: google.keySet },
            binding: { secret: binding },
            gemini: { apiKey },
            inbox: inlineInbox(),
          }),
        ],
        providers: [Failing],
      },
      { adapter, options: { logger } },
    );
    const url = `${origin}/gemini/webhooks`;
    const token = 'eyJhbGciOiJub25lIn0.a-token-of-somebody.x';

    expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
    fails = false;
    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await post(url, stale)).toMatchObject({ status: 400 });
    expect(await post(url, forged)).toMatchObject({ status: 401 });
    expect(await post(`${url}?gemini_binding=${token}&token=${token}`, foreign)).toMatchObject({ status: 403 });
    await app.close();

    expect(logger.of('error')).toHaveLength(1);
    const signatures = [stale, forged, foreign].map(({ headers }) => headers['webhook-signature'] as string);
    for (const secret of [SECRET, SECRET.slice(6), binding, apiKey, token, ...signatures]) {
      expect(logger.text).not.toContain(secret);
    }
  });
});

describe('an application context', () => {
  it('handles deliveries without a route', async () => {
    const app = await NestFactory.createApplicationContext(
      moduleOf({ imports: [staticWebhooks({ controller: false })], providers: [Handlers] }),
      { logger: false, abortOnError: false },
    );
    try {
      expect(await app.get(GeminiInbox).accept(deliveryOf())).toMatchObject({ status: 'processed' });
      expect(params).toHaveLength(1);
    } finally {
      await app.close();
    }
  });
});
