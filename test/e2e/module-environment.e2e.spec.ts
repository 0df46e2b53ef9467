import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, UseGuards, type CanActivate, type ModuleMetadata } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GeminiJobs, GeminiWebhooksModule, OnGeminiEvent, type AroundGeminiHandler } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { newSecret } from '../support/senders.js';
import { deliver, PROCESSED, SECRET } from '../support/static-webhooks.js';

const UNVERIFIED = { status: 401, body: { code: 'signature_mismatch' } };
const directory = mkdtempSync(join(tmpdir(), 'gemini-webhooks-'));

@Injectable()
class Handlers {
  @OnGeminiEvent('*')
  run() {}
}

const dotEnv = (content: string): string => {
  const file = join(directory, '.env');
  writeFileSync(file, content);
  return file;
};

beforeEach(() => {
  setEnvironment();
});
afterEach(async () => {
  await closeApps();
  rmSync(join(directory, '.env'), { force: true });
});

describe.each(ADAPTERS)('the environment on $adapter', (adapter) => {
  const start = (...imports: NonNullable<ModuleMetadata['imports']>) =>
    startApp({ imports, providers: [Handlers] }, { adapter });

  it('may be empty: the app starts and accepts only dynamic webhooks', async () => {
    const { origin } = await start(GeminiWebhooksModule.forRoot());
    expect(await deliver(origin)).toMatchObject(UNVERIFIED);
  });

  it.each([
    { variables: { GEMINI_WEBHOOK_SECRET: SECRET }, answer: PROCESSED },
    { variables: { WEBHOOK_SIGNING_SECRET: SECRET }, answer: PROCESSED },
    { variables: { GEMINI_WEBHOOK_SECRET: ` ${newSecret()} , ${SECRET}` }, answer: PROCESSED },
    { variables: { GEMINI_WEBHOOK_SECRET: '', WEBHOOK_SIGNING_SECRET: SECRET }, answer: PROCESSED },
    { variables: { GEMINI_WEBHOOK_SECRET: newSecret(), WEBHOOK_SIGNING_SECRET: SECRET }, answer: UNVERIFIED },
  ])('provides the secrets: row %#', async ({ variables, answer }) => {
    setEnvironment(variables);
    const { origin } = await start(GeminiWebhooksModule.forRoot());
    expect(await deliver(origin)).toMatchObject(answer);
  });

  it('is overridden by options', async () => {
    setEnvironment({ GEMINI_WEBHOOK_SECRET: newSecret() });
    const { origin } = await start(GeminiWebhooksModule.forRoot({ hmac: { secrets: SECRET } }));
    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });

  it('stops the app for a malformed secret, without printing it', async () => {
    setEnvironment({ GEMINI_WEBHOOK_SECRET: 'whsec_not*base64' });
    const error: unknown = await start(GeminiWebhooksModule.forRoot()).catch((reason: unknown) => reason);

    expect(error).toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/ GEMINI_WEBHOOK_SECRET: the secret is not base64/),
    });
    expect(String(error)).not.toContain('not*base64');
  });

  it.each([
    { what: 'before it', order: (config: object, ours: object) => [config, ours], isGlobal: false },
    { what: 'after it', order: (config: object, ours: object) => [ours, config], isGlobal: false },
    { what: 'globally', order: (config: object, ours: object) => [config, ours], isGlobal: true },
  ])('includes the .env file that the app’s own ConfigModule reads, imported $what', async ({ order, isGlobal }) => {
    const envFilePath = dotEnv(
      `GEMINI_WEBHOOK_SECRET=${SECRET}\nGEMINI_WEBHOOK_BINDING_SECRET=a binding secret from a file\nGEMINI_WEBHOOK_PUBLIC_URL=https://file.example.com\n`,
    );
    const { app, origin } = await start(
      ...(order(ConfigModule.forRoot({ envFilePath, isGlobal }), GeminiWebhooksModule.forRoot()) as never[]),
    );

    expect(await deliver(origin)).toMatchObject(PROCESSED);
    expect((await app.get(GeminiJobs).webhookConfig()).uris[0]).toMatch(
      /^https:\/\/file\.example\.com\/gemini\/webhooks\?/,
    );
  });

  it('of the process takes precedence over the file', async () => {
    setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET });
    const envFilePath = dotEnv(`GEMINI_WEBHOOK_SECRET=${newSecret()}\n`);
    const { origin } = await start(ConfigModule.forRoot({ envFilePath }), GeminiWebhooksModule.forRoot());

    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });

  it('can be provided by the app’s ConfigService, under other names', async () => {
    const envFilePath = dotEnv(`MY_SECRET=${SECRET}\n`);
    const { origin } = await start(
      ConfigModule.forRoot({ envFilePath, isGlobal: true }),
      GeminiWebhooksModule.forRootAsync({
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({ hmac: { secrets: config.getOrThrow<string>('MY_SECRET') } }),
      }),
    );
    delete process.env['MY_SECRET'];

    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });

  it('is at hand as ConfigService where nothing imports it: in a factory, a guard of the route and a hook', async () => {
    const seen: unknown[] = [];
    class UsesConfig {
      constructor(@Inject(ConfigService) config: ConfigService) {
        seen.push(config.get('GEMINI_WEBHOOK_SECRET'));
      }
    }
    class AsGuard extends UsesConfig implements CanActivate {
      canActivate = () => true;
    }
    class AsHook extends UsesConfig implements AroundGeminiHandler {
      around = (_run: unknown, next: () => Promise<unknown>) => next();
    }
    setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET });
    await start(GeminiWebhooksModule.forRoot({ decorators: [UseGuards(AsGuard)] }));
    await start(GeminiWebhooksModule.forRoot({ around: [AsHook] }));
    await start(
      GeminiWebhooksModule.forRootAsync({
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({
          hmac: { secrets: config.getOrThrow<string>('GEMINI_WEBHOOK_SECRET') },
        }),
      }),
    );

    expect(seen).toEqual([SECRET, SECRET]);
  });

  it('does not change the app’s ConfigService', async () => {
    const { app } = await start(
      GeminiWebhooksModule.forRoot(),
      ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ mine: 7 })], isGlobal: true }),
    );
    expect(app.get(ConfigService).get('mine')).toBe(7);
  });

  it.each([
    { given: undefined, path: 'from/environment' },
    { given: 'from/options', path: 'from/options' },
  ])('sets the path by GEMINI_WEBHOOK_PATH unless an option does: $path', async ({ given, path }) => {
    setEnvironment({ GEMINI_WEBHOOK_PATH: '/from/environment/', GEMINI_WEBHOOK_SECRET: SECRET });
    const { origin } = await start(GeminiWebhooksModule.forRoot({ path: given }));

    expect(await deliver(origin, { path })).toMatchObject(PROCESSED);
    expect(await deliver(origin)).toMatchObject({ status: 404 });
  });

  it('keeps the default path when neither does', async () => {
    setEnvironment({ GEMINI_WEBHOOK_PATH: '', GEMINI_WEBHOOK_SECRET: SECRET });
    const { origin } = await start(GeminiWebhooksModule.forRoot({ path: undefined }));
    expect(await deliver(origin)).toMatchObject(PROCESSED);
  });

  describe('at start', () => {
    const warningsOf = async (options: Parameters<typeof GeminiWebhooksModule.forRoot>[0]) => {
      const logger = new RecordingLogger();
      const { origin } = await startApp(
        { imports: [GeminiWebhooksModule.forRoot(options)], providers: [Handlers] },
        { adapter, options: { logger } },
      );
      await deliver(origin);
      const isOfStart = (line: string) =>
        line.includes('GeminiWebhooks') && !line.includes('could not be verified with any secret');
      return logger.of('warn').filter(isOfStart);
    };

    it.each([
      {
        what: 'if binding is off',
        options: { binding: false as const },
        warning: /binding is off: .*every Gemini project/,
      },
      { what: 'if there is no binding key', options: {}, warning: /No key to bind .*403.*GEMINI_API_KEY/ },
      {
        what: 'that contains the name of a module instance',
        options: { name: 'tenant', path: 'gemini/webhooks' },
        warning: /No key to bind .*\(module instance "tenant"\)/,
      },
      {
        what: 'if a secret is short',
        options: { hmac: { secrets: 'whsec_c2hvcnQgZm9yIGEgc2VjcmV0' }, jwks: false as const },
        warning: /shorter than 24 bytes/,
      },
    ])('causes one warning $what', async ({ options, warning }) => {
      expect(await warningsOf(options)).toEqual([expect.stringMatching(warning)]);
    });

    it.each([
      { what: 'with a binding secret', options: { binding: { secret: 'sixteen characters' } } },
      { what: 'with an API key in the options', options: { gemini: { apiKey: 'AIza-of-this-test' } } },
      { what: 'with static webhooks only', options: { hmac: { secrets: SECRET }, jwks: false as const } },
      {
        what: 'with static webhooks only and no binding',
        options: { hmac: { secrets: SECRET }, jwks: false as const, binding: false as const },
      },
    ])('causes no warning $what', async ({ options }) => {
      expect(await warningsOf(options)).toEqual([]);
    });
  });
});
