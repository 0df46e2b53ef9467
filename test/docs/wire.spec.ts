import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { withHmac } from '../support/senders.js';
import { PROCESSED } from '../support/static-webhooks.js';
import { versionCalled } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';

const page = new ExamplePage('docs/wire.md');

beforeEach(() => setEnvironment());
afterEach(async () => {
  await closeApps();
  setEnvironment();
});

describe('docs/wire.md', () => {
  page.example(
    'Events',
    'is a body that the app accepts unchanged',
    async (example) => {
      const { secret, events, metadata } = receiver();
      const { origin } = await startApp(metadata, { adapter: ADAPTERS[0] });
      const body = example.text();

      expect(await post(`${origin}/gemini/webhooks`, withHmac(secret, body))).toMatchObject(PROCESSED);
      expect(events).toMatchObject([JSON.parse(body)]);
    },
    { language: 'json' },
  );

  page.example('API versions', 'calls the pinned version', async (example) => {
    expect(await versionCalled(await example.runForModule())).toBe('v1beta');
  });

  page.everyExampleIsRun();
});
