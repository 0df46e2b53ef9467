import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import {
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiWebhooksModuleAsyncOptions,
  type GeminiWebhooksOptionsFactory,
  type GeminiWebhooksSettings,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { deliver, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';

let handled = 0;

@Injectable()
class Handlers {
  @OnGeminiEvent('*')
  run() {
    handled += 1;
  }
}

@Injectable()
class Vault {
  readonly secret = SECRET;
}

@Module({ providers: [Vault], exports: [Vault] })
class VaultModule {}

const settings = (secret: string): GeminiWebhooksSettings => ({ hmac: { secrets: secret }, jwks: false });

@Injectable()
class SettingsFromVault implements GeminiWebhooksOptionsFactory {
  constructor(private readonly vault: Vault) {}

  async createGeminiWebhooksOptions() {
    return settings(this.vault.secret);
  }
}

@Module({ imports: [VaultModule], providers: [SettingsFromVault], exports: [SettingsFromVault] })
class SettingsModule {}

const WAYS: readonly { way: string; options: GeminiWebhooksModuleAsyncOptions }[] = [
  { way: 'useFactory', options: { useFactory: () => settings(SECRET) } },
  { way: 'an asynchronous useFactory', options: { useFactory: async () => settings(SECRET) } },
  {
    way: 'useFactory with inject and imports',
    options: {
      imports: [VaultModule],
      inject: [Vault, { token: 'not provided', optional: true }],
      useFactory: (vault: Vault, nothing?: unknown) => (nothing === undefined ? settings(vault.secret) : {}),
    },
  },
  { way: 'useClass', options: { imports: [VaultModule], useClass: SettingsFromVault } },
  { way: 'useExisting', options: { imports: [SettingsModule], useExisting: SettingsFromVault } },
];

beforeEach(() => {
  handled = 0;
  setEnvironment();
});
afterEach(async () => {
  await closeApps();
});

describe.each(ADAPTERS)('forRootAsync on $adapter', (adapter) => {
  const start = (...imports: DynamicModule[]) => startApp({ imports, providers: [Handlers] }, { adapter });

  it.each(WAYS)('reads settings from $way, and the route options from beside it', async ({ options }) => {
    const { origin } = await start(GeminiWebhooksModule.forRootAsync({ ...options, path: 'hooks/gemini' }));

    expect(await deliver(origin, { path: 'hooks/gemini' })).toMatchObject(PROCESSED);
    expect(await deliver(origin)).toMatchObject({ status: 404 });
    expect(handled).toBe(1);
  });

  it('keeps the default path if none is given, even if the environment sets one', async () => {
    setEnvironment({ GEMINI_WEBHOOK_PATH: 'from/the/environment' });
    const { origin } = await start(
      GeminiWebhooksModule.forRootAsync({ useFactory: () => settings(SECRET), path: undefined }),
    );

    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });

  it('reads from the environment what the factory leaves out', async () => {
    setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET });
    const { origin } = await start(GeminiWebhooksModule.forRootAsync({ useFactory: () => ({}) }));

    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });

  it.each([
    { options: {}, message: /got no factory. Give useFactory, useClass or useExisting/ },
    {
      options: { useFactory: () => ({}), useClass: SettingsFromVault },
      message: /got useFactory and useClass. Give one of them/,
    },
    {
      options: { useClass: SettingsFromVault, useExisting: SettingsFromVault },
      message: /got useClass and useExisting. Give one of them/,
    },
    { options: { path: 'a b', useFactory: () => ({}) }, message: /path: got "a b"/ },
    { options: { name: 'no spaces', useFactory: () => ({}) }, message: /name: got "no spaces"/ },
  ])('throws immediately: $message', ({ options, message }) => {
    expect(() => GeminiWebhooksModule.forRootAsync(options as GeminiWebhooksModuleAsyncOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) }) as unknown as Error,
    );
  });

  it.each([
    { returned: { ...settings(SECRET), path: 'hooks' }, message: /path: was returned by the factory.*next to/ },
    { returned: { name: 'tenant' }, message: /name: was returned by the factory.*forRootAsync\(\{ name: …/ },
    { returned: { controller: false }, message: /controller: was returned by the factory/ },
    { returned: { decorators: [] }, message: /decorators: was returned by the factory/ },
    { returned: { global: false }, message: /global: was returned by the factory/ },
    { returned: { secret: 'x' }, message: /secret: is not an option.*hmac/ },
    { returned: undefined, message: /options: got undefined.*Return an object/ },
    { returned: { hmac: { secrets: 'whsec_?' } }, message: /hmac\.secrets: the secret is not base64/ },
    { returned: { hmac: false, jwks: false }, message: /hmac, jwks and strategies: none of them can verify/ },
  ])('stops the app if the factory returns invalid options: $message', async ({ returned, message }) => {
    const module = GeminiWebhooksModule.forRootAsync({ useFactory: () => returned as GeminiWebhooksSettings });

    await expect(start(module)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(message),
    });
  });

  it('stops the app with the error of the factory', async () => {
    const error = new Error('the vault is sealed');
    await expect(start(GeminiWebhooksModule.forRootAsync({ useFactory: () => Promise.reject(error) }))).rejects.toBe(
      error,
    );
  });

  it('can be combined with forRoot', async () => {
    const { origin } = await start(
      staticWebhooks(),
      GeminiWebhooksModule.forRootAsync({ name: 'other', path: 'other', useFactory: () => settings(SECRET) }),
    );

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect(await deliver(origin, { path: 'other' })).toMatchObject(PROCESSED);
    expect(handled).toBe(2);
  });
});
