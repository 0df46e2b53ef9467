import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import {
  GeminiEventBus,
  GeminiFailedEvents,
  GeminiInbox,
  GeminiJobs,
  GeminiWebhooksModule,
  getGeminiToken,
  OnGeminiEvent,
  SignatureVerifier,
  type GeminiEvent,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { post } from '../support/http.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { deliver, DUPLICATE, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';

const registrations: string[] = [];

@Injectable()
class Handlers {
  @OnGeminiEvent('*')
  run({ delivery }: GeminiEvent) {
    registrations.push(delivery.registration);
  }
}

@Injectable()
class Consumer {
  constructor(
    @Inject(GeminiJobs) readonly jobs: GeminiJobs,
    @Inject(getGeminiToken(GeminiJobs, 'tenant')) readonly tenantJobs: GeminiJobs,
    @Inject(GeminiInbox) readonly inbox: GeminiInbox,
    @Inject(getGeminiToken(GeminiInbox, 'tenant')) readonly tenantInbox: GeminiInbox,
    @Inject(GeminiFailedEvents) readonly failedEvents: GeminiFailedEvents,
    @Inject(getGeminiToken(SignatureVerifier, 'tenant')) readonly tenantVerifier: SignatureVerifier,
  ) {}
}

@Module({ providers: [Consumer], exports: [Consumer] })
class ConsumerModule {}

@Injectable()
class Listener {
  constructor(readonly bus: GeminiEventBus) {}
}

@Module({ providers: [Listener], exports: [Listener] })
class ListenerModule {}

beforeEach(() => {
  setEnvironment();
});
afterEach(async () => {
  registrations.length = 0;
  await closeApps();
});

describe.each(ADAPTERS)('module instances on $adapter', (adapter) => {
  const start = (imports: (DynamicModule | (new () => object))[], providers: Provider[] = [Handlers]) =>
    startApp({ imports, providers }, { adapter });

  const tenantSecret = newSecret();
  const tenant = () => staticWebhooks({ name: 'tenant', path: 'tenants/:tenant', hmac: { secrets: tenantSecret } });

  it('each have their own path and secrets, and share handlers and the bus', async () => {
    const { app, origin } = await start([staticWebhooks(), tenant()]);
    const heard: string[] = [];
    app.get(GeminiEventBus).events$.subscribe(({ delivery }) => heard.push(delivery.registration));
    const ofTenant = () => withHmac(tenantSecret, bodyOf('batch.succeeded', { id: 'batch_1' }));

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await post(`${origin}/tenants/acme`, ofTenant())).toMatchObject(PROCESSED);
    expect(await post(`${origin}/tenants/acme`, ofTenant())).toMatchObject(DUPLICATE);
    expect(await post(`${origin}/tenants/other`, ofTenant())).toMatchObject(PROCESSED);

    expect(await deliver(origin, { path: 'tenants/acme' })).toMatchObject({ status: 401 });
    expect(await post(`${origin}/gemini/webhooks`, ofTenant())).toMatchObject({ status: 401 });
    expect(registrations).toEqual(['default', 'tenant', 'tenant']);
    expect(heard).toEqual(registrations);
  });

  it('are injected by class for the default, and by getGeminiToken for the others', async () => {
    const { app } = await start([
      staticWebhooks({ publicUrl: 'https://a.example.com', binding: { secret: 'the binding of default' } }),
      staticWebhooks({
        name: 'tenant',
        path: 'tenant',
        publicUrl: 'https://b.example.com',
        binding: { secret: 'the binding of tenant' },
      }),
      ConsumerModule,
    ]);
    const { jobs, tenantJobs, inbox, tenantInbox, tenantVerifier } = app.get(Consumer);

    expect((await jobs.webhookConfig()).uris[0]).toMatch(/^https:\/\/a\.example\.com\/gemini\/webhooks\?/);
    expect((await tenantJobs.webhookConfig()).uris[0]).toMatch(/^https:\/\/b\.example\.com\/tenant\?/);
    expect(inbox).toBeInstanceOf(GeminiInbox);
    expect(tenantInbox).toBeInstanceOf(GeminiInbox);
    expect(tenantInbox).not.toBe(inbox);
    expect(tenantVerifier).toBeInstanceOf(SignatureVerifier);
  });

  it.each([
    { type: GeminiInbox, order: 'first' },
    { type: GeminiInbox, order: 'last' },
    { type: GeminiJobs, order: 'first' },
    { type: GeminiJobs, order: 'last' },
    { type: GeminiFailedEvents, order: 'first' },
    { type: GeminiFailedEvents, order: 'last' },
  ])('return $type.name of the default from app.get, even if it is imported $order', async ({ type, order }) => {
    const both = order === 'first' ? [staticWebhooks(), tenant()] : [tenant(), staticWebhooks()];
    const { app } = await start([...both, ConsumerModule]);
    const { jobs, inbox, failedEvents } = app.get(Consumer);
    const ofDefault = [jobs, inbox, failedEvents].find((one) => one instanceof type);

    expect(app.get<object>(type)).toBe(ofDefault);
    expect(app.get<object>(getGeminiToken(type as Type<object>, 'tenant'))).toBeInstanceOf(type);
    expect(app.get<object>(getGeminiToken(type as Type<object>, 'tenant'))).not.toBe(ofDefault);
  });

  it.each([
    { what: 'without a name', others: () => [staticWebhooks({ path: 'elsewhere' })], message: /named "default"/ },
    {
      what: 'with the same name',
      others: () => [staticWebhooks({ name: 'a', path: 'a' }), staticWebhooks({ name: 'a', path: 'b' })],
      message: /named "a".*name each/,
    },
    {
      what: 'on the same path',
      others: () => [staticWebhooks({ name: 'a' })],
      message: /"default" and "a".*"gemini\/webhooks"/,
    },
    {
      what: 'on paths that differ only in letter case and slashes',
      others: () => [staticWebhooks({ name: 'a', path: '/Gemini/WebHooks/' })],
      message: /both use/,
    },
  ])('$what stop the app', async ({ others, message }) => {
    await expect(start([staticWebhooks(), ...others()])).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(message),
    });
  });

  it('may share a path if only one of them mounts it', async () => {
    const { origin } = await start([staticWebhooks(), staticWebhooks({ name: 'worker', controller: false })]);
    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(registrations).toEqual(['default']);
  });

  it('are one if the same module is imported twice', async () => {
    const module = staticWebhooks();
    @Module({ imports: [module] })
    class Feature {}
    const { origin } = await start([module, Feature]);

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(registrations).toEqual(['default']);
  });

  it('of two apps in one process are independent', async () => {
    const [first, second] = await Promise.all([start([staticWebhooks()]), start([staticWebhooks()])]);
    const heard = { first: 0, second: 0 };
    first.app.get(GeminiEventBus).events$.subscribe(() => (heard.first += 1));
    second.app.get(GeminiEventBus).events$.subscribe(() => (heard.second += 1));

    expect(await deliver(first.origin)).toMatchObject(PROCESSED);
    expect(registrations).toHaveLength(1);
    expect(heard).toEqual({ first: 1, second: 0 });

    await first.app.close();
    expect(await deliver(second.origin)).toMatchObject(PROCESSED);
    expect(registrations).toHaveLength(2);
    expect(heard).toEqual({ first: 1, second: 1 });
  });

  describe('global', () => {
    const settings = { hmac: { secrets: SECRET }, jwks: false as const };

    it('is the default: other modules inject without importing', async () => {
      const { app } = await start([GeminiWebhooksModule.forRoot(settings), ListenerModule]);
      expect(app.get(Listener).bus).toBeInstanceOf(GeminiEventBus);
    });

    it.each([
      { way: 'forRoot', module: () => GeminiWebhooksModule.forRoot({ ...settings, global: false }) },
      {
        way: 'forRootAsync',
        module: () => GeminiWebhooksModule.forRootAsync({ global: false, useFactory: () => settings }),
      },
    ])('false leaves injection to the modules that import it: $way', async ({ module }) => {
      await expect(start([module(), ListenerModule])).rejects.toThrow(/GeminiEventBus/);
      const { app } = await start([module()], [Listener, Handlers]);
      expect(app.get(Listener).bus).toBeInstanceOf(GeminiEventBus);
    });
  });
});
