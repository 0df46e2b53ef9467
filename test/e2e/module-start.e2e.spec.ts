import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Post, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GeminiSignatureGuard, GeminiWebhooksModule, inlineInbox } from '../../lib/index.js';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { ADAPTERS, closeApps, moduleOf, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { RecordingLogger } from '../support/recording-logger.js';

@Controller('own')
@UseGuards(GeminiSignatureGuard)
class OwnController {
  @Post()
  receive(): void {}
}

beforeEach(() => {
  setEnvironment({});
});

afterEach(async () => {
  await closeApps();
});

describe('GeminiWebhooksModule without forRoot', () => {
  const refusal = { code: 'invalid_option', message: expect.stringMatching(/without options.*forRoot\(\)/) };

  it.each([
    ['alone', []],
    ['beside one that is configured', [GeminiWebhooksModule.forRoot({ inbox: inlineInbox() })]],
  ])('stops the app with advice on what to import: %s', async (_how, others) => {
    const feature = moduleOf({ imports: [GeminiWebhooksModule] });
    const module = moduleOf({ imports: [...others, feature] });
    const start = NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    await expect(start).rejects.toMatchObject(refusal);
  });
});

describe('an inbox option', () => {
  it.each([
    ['inlineInbox, not called', inlineInbox, /inbox: call it, as in inlineInbox\(\)/],
    ['bullmqInbox, not called', bullmqInbox, /inbox: returned a function\. .*bullmqInbox\(\), called/],
    ['a factory that returns nothing', () => undefined, /inbox: returned an inbox without accept and close/],
    ['a factory that returns an incomplete inbox', () => ({ close: async () => undefined }), /without accept\. /],
  ])('stops the app when it is %s', async (_what, inbox, message) => {
    const module = moduleOf({ imports: [GeminiWebhooksModule.forRoot({ inbox: inbox as never })] });
    const start = NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });

    await expect(start).rejects.toMatchObject({ code: 'invalid_option', message: expect.stringMatching(message) });
  });
});

describe('a process without a secret', () => {
  const warningsOf = async (controllers: (typeof OwnController)[], controller: boolean) => {
    const logger = new RecordingLogger();
    const imports = [GeminiWebhooksModule.forRoot({ controller })];
    await startApp({ imports, controllers }, { adapter: ADAPTERS[0], options: { logger } });
    return logger.of('warn').filter((line) => line.includes('every delivery is rejected'));
  };

  it('causes a warning if it has a route, custom or built-in', async () => {
    expect(await warningsOf([], true)).toHaveLength(1);
    expect(await warningsOf([OwnController], false)).toHaveLength(1);
  });

  it('causes no warning if it has no route', async () => {
    expect(await warningsOf([], false)).toEqual([]);
  });
});

describe('a public URL with a path', () => {
  const warningsOf = async (publicUrl: string, { controller = true, prefix = 'api' } = {}) => {
    const logger = new RecordingLogger();
    const imports = [GeminiWebhooksModule.forRoot({ controller, publicUrl })];
    const controllers = controller ? [] : [OwnController];
    const configure = (app: { setGlobalPrefix(prefix: string): unknown }) => void app.setGlobalPrefix(prefix);
    await startApp({ imports, controllers }, { adapter: ADAPTERS[0], options: { logger }, configure });
    return logger.of('warn').filter((line) => line.includes('publicUrl'));
  };

  it('causes one warning with both paths if the app has no route there, because of its global prefix', async () => {
    expect(await warningsOf('https://app.example.com/gemini/webhooks')).toEqual([
      expect.stringMatching(/the path \/gemini\/webhooks, and the route is \/api\/gemini\/webhooks/),
    ]);
  });

  it('causes no warning if it is the path of the built-in or of a custom route', async () => {
    expect(await warningsOf('https://app.example.com/api/gemini/webhooks')).toEqual([]);
    expect(await warningsOf('https://app.example.com/api/own', { controller: false })).toEqual([]);
  });

  it.each(['', '/orders/hooks'])(
    'causes no warning in a process without a server: https://app.example.com%s',
    async (path) => {
      const logger = new RecordingLogger();
      const publicUrl = `https://app.example.com${path}`;
      const imports = [GeminiWebhooksModule.forRoot({ publicUrl, gemini: { apiKey: 'a key' } })];
      const context = await NestFactory.createApplicationContext(moduleOf({ imports }), { logger });
      await context.close();

      expect(logger.of('warn').filter((line) => line.includes('publicUrl'))).toEqual([]);
    },
  );
});
