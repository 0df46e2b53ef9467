import { Injectable, type Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { Redis } from 'ioredis';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bullmqSecretStore } from '../../lib/bullmq/index.js';
import {
  fileSecretStore,
  GeminiWebhookEndpoints,
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
  type SigningSecret,
  type SigningSecretStore,
} from '../../lib/index.js';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, startApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { setEnvironment } from '../support/environment.js';
import { webhooksOf } from '../support/endpoints.js';
import { newSecret } from '../support/senders.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { freePort } from '../support/free-port.js';
import { closeExamples, environmentOf, quickGemini, recorder, startBatch } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';
import { ownDatabase, type OwnDatabase } from './support/own-database.js';
import { secretManager } from './support/secret-manager.js';
import { shownAndPrinted } from './support/transcripts.js';
import { typedCommands } from './support/typed-commands.js';

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/endpoints.md');
let gemini: GeminiSimulator;
let database: OwnDatabase;
let folder: string;
let port: number;
let heard: GeminiEvent[];

beforeEach(async () => {
  gemini = await quickGemini();
  database = await ownDatabase();
  folder = mkdtempSync(join(tmpdir(), 'endpoints-'));
  port = await freePort();
  heard = [];
  setEnvironment({ ...environmentOf(gemini), GEMINI_WEBHOOK_PUBLIC_URL: origin() });
});

afterEach(async () => {
  await closeExamples();
  setEnvironment();
  await database.remove();
  rmSync(folder, { recursive: true });
});

const origin = () => `http://127.0.0.1:${port}`;
const uri = () => `${origin()}/gemini/webhooks`;
const file = () => join(folder, 'gemini-secrets.json');
const start = (...imports: NonNullable<Parameters<typeof startApp>[0]['imports']>) =>
  startApp({ imports, providers: [recorder(heard)] }, { adapter, port });

/** Handles the events that `orders` subscribes to. */
@Injectable()
class Settled {
  @OnGeminiEvent(['batch.succeeded', 'batch.failed'])
  note() {}
}

/** The secrets of `orders` in the file. */
function kept(): SigningSecret[] {
  const { endpoints } = JSON.parse(readFileSync(file(), 'utf8')) as { endpoints: Record<string, SigningSecret[]> };
  return endpoints['orders'] ?? [];
}

/** Runs a batch of another program and waits until the app has received its event. */
async function reports(): Promise<void> {
  const before = heard.length;
  await startBatch(gemini);
  await until(() => heard.length > before);
  expect(heard.at(-1)).toMatchObject({ type: 'batch.succeeded', delivery: { strategy: 'hmac' } });
}

/** An app that keeps the secret of its webhook `orders` in a file. */
function orders() {
  return GeminiWebhooksModule.forRoot({
    endpoint: { name: 'orders', events: ['batch.succeeded', 'batch.failed'], secretStore: fileSecretStore(file()) },
  });
}

describe('docs/endpoints.md', () => {
  page.example('Create a webhook', 'creates the webhook at start and verifies its deliveries', async (example) => {
    const { AppModule } = await example.run<{ AppModule: Type }>({
      replace: { 'https://app.example.com': origin(), '/var/lib/orders/gemini-secrets.json': file() },
    });
    await start(AppModule);
    await until(async () => (await webhooksOf(gemini)).length === 1);

    expect(await webhooksOf(gemini)).toMatchObject([{ name: 'orders', uri: uri(), state: 'enabled' }]);
    await reports();
  });

  page.example(
    'Create a webhook',
    'registers the webhook and saves its secret in the file',
    async (example) => {
      const [register] = await typedCommands(
        example.text({ replace: { 'https://app.example.com': origin(), 'file:secrets.json': `file:${file()}` } }),
      );
      const { code } = await cli(register!.args.slice(1), { env: environmentOf(gemini) });
      const [secret] = kept();
      setEnvironment({ GEMINI_WEBHOOK_SECRET: secret!.value });
      await start(GeminiWebhooksModule.forRoot());

      expect(code).toBe(0);
      await reports();
    },
    { language: 'sh' },
  );

  page.example(
    'Create a webhook',
    'creates the webhook with curl and returns its secret',
    async (example) => {
      const api = 'https://generativelanguage.googleapis.com';
      const [curl] = await typedCommands(example.text({ replace: { [api]: gemini.baseUrl } }), {
        env: { GEMINI_API_KEY: gemini.apiKey },
      });
      const { args } = curl!;
      const after = (flag: string) => args.flatMap((arg, index) => (arg === flag ? [args[index + 1]!] : []));
      const headers = Object.fromEntries(after('-H').map((header) => header.split(': ') as [string, string]));
      const answer = await fetch(args[0]!, { method: 'POST', headers, body: after('-d')[0]! });

      expect(await answer.json()).toMatchObject({
        name: 'orders',
        new_signing_secret: expect.stringMatching(/^whsec_/),
      });
      expect(await webhooksOf(gemini)).toMatchObject([{ events: ['batch.succeeded', 'batch.failed'] }]);
    },
    { language: 'sh', nth: 2 },
  );

  page.example('Rotation', 'rotates the secret and keeps verifying deliveries', async (example) => {
    const { Secrets } = await example.run<{ Secrets: Type<{ rotate(): Promise<void> }> }>();
    const { app } = await startApp({ imports: [orders()], providers: [Secrets, recorder(heard)] }, { adapter, port });
    await until(async () => (await webhooksOf(gemini)).length === 1);
    const [before] = kept();
    await app.get(Secrets).rotate();
    const [now, previous] = kept();

    expect(now!.value).not.toBe(before!.value);
    expect(previous).toEqual({ value: before!.value, expiresAt: expect.any(String) });
    await reports();
  });

  describe.each(STORES)('on $name', ({ name, url }) => {
    page.example('Stores', `keeps the secret in the store of the inbox, on ${name}`, async (example) => {
      const own = name === 'Redis' ? `${url.replace(/\/\d*$/, '')}/11` : database.url;
      setEnvironment({
        ...environmentOf(gemini),
        GEMINI_WEBHOOK_PUBLIC_URL: origin(),
        GEMINI_WEBHOOK_INBOX_URL: own,
      });
      const { webhooks } = await example.run<{ webhooks: never }>();
      if (name === 'Redis') await flush(own);
      await start(webhooks);
      await until(async () => (await webhooksOf(gemini)).length === 1);
      await reports();
      await closeExamples();
      if (name === 'Redis') await flush(own);
    });
  });

  page.example(
    'Stores',
    'creates a table that an app can use with only the documented rights',
    async (example) => {
      await database.query(`CREATE SCHEMA bullmq; ${example.text()}`);
      const limited = await database.roleWith(
        (role) => `
          GRANT USAGE ON SCHEMA bullmq TO ${role};
          GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq TO ${role}`,
      );
      const secretStore = bullmqSecretStore({ url: limited, migrate: false });
      const endpoint = { name: 'orders', events: ['batch.succeeded' as const], secretStore };
      const { app } = await start(GeminiWebhooksModule.forRoot({ endpoint }));
      await until(async () => (await webhooksOf(gemini)).length === 1);
      const [webhook] = await webhooksOf(gemini);
      await app.get(GeminiWebhookEndpoints).rotate(webhook!.id, { revokePrevious: 'now' });

      await reports();
    },
    { language: 'sql' },
  );

  page.example(
    'Stores',
    'returns the secrets it has written while Secret Manager still returns older ones as the latest',
    async (example) => {
      const { GoogleSecretManagerStore } = await example.run<{
        GoogleSecretManagerStore: new (client: object, project: string) => SigningSecretStore;
      }>();
      const manager = secretManager();
      const store = new GoogleSecretManagerStore(manager, 'projects/my-project');
      const [first, second] = [[{ value: 'whsec_first' }], [{ value: 'whsec_second' }]];

      expect(await store.load('my orders')).toEqual([]);
      await store.save('my orders', first);
      expect(await store.load('my orders')).toEqual(first);
      manager.catchUp();
      expect(await store.load('my orders')).toEqual(first);
      await store.save('my orders', second);
      expect(await store.load('my orders')).toEqual(second);
      manager.catchUp();
      const other = new GoogleSecretManagerStore(manager, 'projects/my-project');
      expect(await other.load('my orders')).toEqual(second);
      expect(manager.names.filter((name) => !/^[A-Za-z0-9_-]{1,255}$/.test(name))).toEqual([]);
    },
    { nth: 2 },
  );

  for (const { heading, nth, of, secretOf } of [
    { heading: 'The command line', nth: 1, of: 'an app that is right', secretOf: (newest: string) => newest },
    { heading: 'Nothing arrives', nth: 1, of: 'an app that is right', secretOf: (newest: string) => newest },
    { heading: 'Nothing arrives', nth: 2, of: 'a secret that belongs to another webhook', secretOf: newSecret },
  ])
    page.example(
      heading,
      `prints the output that the page shows for ${of}`,
      async (example) => {
        await startApp({ imports: [orders()], providers: [Settled] }, { adapter, port });
        const env = { ...environmentOf(gemini), GEMINI_WEBHOOK_SECRET: secretOf(await rotated()) };
        const { shown, printed } = await shownAndPrinted(example.text(), { env, uri: uri() });

        expect(printed).toEqual(shown);
      },
      { language: '', nth },
    );

  page.everyExampleIsRun();

  /** Rotates the secret of `orders`, so that two are valid. @returns the newer one */
  async function rotated(): Promise<string> {
    await until(async () => (await webhooksOf(gemini)).length === 1);
    const { code } = await cli(['rotate', 'orders', '--store', `file:${file()}`], { env: environmentOf(gemini) });
    expect(code).toBe(0);
    const [newest] = kept();
    return newest!.value;
  }
});

/** Empties a database of Redis that only this file uses. */
async function flush(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushdb();
  redis.disconnect();
}
