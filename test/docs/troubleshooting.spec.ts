import { APP_GUARD } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LOST_AFTER_MS, LostHandlers } from '../../lib/handlers/lost-handlers.js';
import { GeminiWebhooksModule, OnGeminiEvent } from '../../lib/index.js';
import { ADAPTERS, startApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { textOf } from '../support/code-blocks.js';
import { setEnvironment } from '../support/environment.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { closeExamples, quickGemini, recorder } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';
import { PublicOnly } from './support/public-only.guard.js';
import { typedCommands } from './support/typed-commands.js';

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/troubleshooting.md');

beforeEach(() => {
  setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET });
});

afterEach(async () => {
  await closeExamples();
  setEnvironment();
});

describe('docs/troubleshooting.md', () => {
  page.example(
    'Troubleshooting',
    'finds no problems in a working app',
    async (example) => {
      const { origin } = await startApp({ imports: [staticWebhooks()], providers: [recorder([])] }, { adapter });
      const [doctor] = await typedCommands(example.text({ replace: { 'https://api.example.com': origin } }));
      const env = { GEMINI_WEBHOOK_SECRET: SECRET, GEMINI_WEBHOOK_JWKS_URL: (await quickGemini()).jwksUrl };

      expect(await cli([...doctor!.args.slice(1), '--local'], { env })).toMatchObject({ code: 0 });
    },
    { language: 'sh' },
  );

  page.example('Behind a guard', 'lets deliveries pass a global guard', async (example) => {
    const guard = { provide: APP_GUARD, useClass: PublicOnly };
    const { origin } = await startApp({ imports: [await example.runForModule()], providers: [guard] }, { adapter });

    expect(await deliver(origin, {})).toMatchObject(PROCESSED);
  });

  it.each([
    { what: 'no variable', env: {}, says: ['every delivery is rejected', 'no signing secret is set'] },
    { what: 'an API key', env: { GEMINI_API_KEY: 'a-key-without-a-secret' }, says: ['no signing secret is set'] },
  ])('quotes the warnings of an app without a secret and with $what, which answers 401', async ({ env, says }) => {
    setEnvironment({ ...env, GEMINI_WEBHOOK_JWKS_URL: (await quickGemini()).jwksUrl });
    const logger = new RecordingLogger();
    const metadata = { imports: [GeminiWebhooksModule.forRoot()], providers: [recorder([])] };
    const { origin } = await startApp(metadata, { adapter, options: { logger } });

    expect(await deliver(origin)).toMatchObject({ status: 401, body: { code: 'signature_mismatch' } });
    const warnings = logger.of('warn');
    expect(warnings).toHaveLength(says.length);
    for (const [index, text] of says.entries()) {
      expect(warnings[index]).toContain(text);
      expect(textOf(page.path)).toContain(`\`${text}\``);
    }
  });

  page.example(
    '200 but my method did not run',
    'is the warning about a class that no module lists',
    async (example) => {
      class Orders {
        @OnGeminiEvent('batch.succeeded')
        publish() {}
      }
      const logger = new RecordingLogger();
      jest.useFakeTimers();
      const lost = new LostHandlers(logger, () => ({ late: new Set(), held: new Set() }));
      lost.start();
      jest.advanceTimersByTime(LOST_AFTER_MS);
      lost.stop();
      jest.useRealTimers();

      expect(Orders.name).toBe('Orders');
      expect(logger.of('warn')).toEqual([example.text().trim()]);
    },
    { language: '' },
  );

  page.everyExampleIsRun();
});
