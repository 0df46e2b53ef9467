import { APP_GUARD } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { ADAPTERS, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { deliver, PROCESSED, SECRET } from '../support/static-webhooks.js';
import { closeSinks } from '../support/webhook-sink.js';
import { closeExamples } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';
import { PublicOnly } from './support/public-only.guard.js';

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/options.md');

beforeEach(() => {
  setEnvironment();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeExamples();
  await closeSinks();
  setEnvironment();
});

describe('docs/options.md', () => {
  page.example('forRootAsync', 'reads the secret from the configuration, on a public route', async (example) => {
    process.env['SECRET'] = SECRET;
    const guard = { provide: APP_GUARD, useClass: PublicOnly };
    const { origin } = await startApp({ imports: [await example.runForModule()], providers: [guard] }, { adapter });
    delete process.env['SECRET'];

    expect(await deliver(origin, { path: 'hooks/gemini' })).toMatchObject(PROCESSED);
  });

  page.everyExampleIsRun();
});
