import { APP_GUARD } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { ADAPTERS, startApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { setEnvironment } from '../support/environment.js';
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

  page.everyExampleIsRun();
});
