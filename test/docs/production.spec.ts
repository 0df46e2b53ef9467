import { Injectable, type Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ENVIRONMENT_NAMES } from '../../lib/config/gemini-webhooks.environment.js';
import { GeminiWebhookEndpoints, OnGeminiEvent } from '../../lib/index.js';
import { PROBLEMS } from '../../lib/problem.js';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, closeApps, startApp, type RunningApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { codeBlocksOf, textOf } from '../support/code-blocks.js';
import { webhooksOf } from '../support/endpoints.js';
import { setEnvironment } from '../support/environment.js';
import { handlerOf } from '../support/durable.js';
import { deliver, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';
import { until } from '../support/until.js';
import { freePort } from '../support/free-port.js';
import { closeExamples, environmentOf, quickGemini } from './support/example-app.js';
import { importExample } from './support/example-module.js';
import { ExamplePage } from './support/example-page.js';
import { ownDatabase, type OwnDatabase } from './support/own-database.js';
import { typedCommands } from './support/typed-commands.js';

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/production.md');
const sh = { language: 'sh' };
let gemini: GeminiSimulator;
let database: OwnDatabase;
let port: number;

beforeEach(async () => {
  gemini = await quickGemini();
  database = await ownDatabase();
  port = await freePort();
  setEnvironment(environment());
});

afterEach(async () => {
  await closeApps();
  await closeExamples();
  setEnvironment();
  await database.remove();
});

const origin = () => `http://127.0.0.1:${port}`;
const environment = () => ({
  ...environmentOf(gemini),
  GEMINI_WEBHOOK_PUBLIC_URL: origin(),
  GEMINI_WEBHOOK_INBOX_URL: database.url,
});

/** Handles the events that `orders` subscribes to. */
@Injectable()
class Settled {
  @OnGeminiEvent(['batch.succeeded', 'batch.failed'])
  note() {}
}

const registration = codeBlocksOf('docs/production.md').find(
  ({ heading, language }) => heading === 'Register' && language === 'ts',
)!;

describe('docs/production.md', () => {
  page.example(
    'Deploy',
    'generates a binding secret of 32 random bytes',
    async (example) => {
      const [app] = await typedCommands(example.text({ append: '\nnpx' }));

      expect(Buffer.from(app!.env['GEMINI_WEBHOOK_BINDING_SECRET']!, 'base64')).toHaveLength(32);
    },
    sh,
  );

  page.example(
    'Deploy',
    'checks a running app',
    async (example) => {
      await startApp({ imports: [staticWebhooks()], providers: [Settled] }, { adapter, port });
      const [doctor] = await typedCommands(example.text({ replace: { 'https://api.example.com': origin() } }));
      const { code, out } = await cli([...doctor!.args.slice(1), '--local'], { env: environment() });

      expect(out).toContain('ok    route     POST /gemini/webhooks');
      expect(code).toBe(0);
    },
    { ...sh, nth: 2 },
  );

  page.example('Register', 'creates the webhook and keeps its secret in the store', async (example) => {
    example.text();
    await startRegistered();

    expect(await webhooksOf(gemini)).toMatchObject([{ name: 'orders', state: 'enabled' }]);
  });

  page.example(
    'Register',
    'lists the webhook and makes Gemini ping it',
    async (example) => {
      await startRegistered();
      const commands = await typedCommands(example.text({ replace: { 'https://api.example.com': origin() } }));
      const [list, doctor] = commands.map(({ args }) => args.slice(1));
      const listed = await cli(list!, { env: environment() });
      const checked = await cli([...doctor!, '--local'], { env: environment() });

      expect(listed.out).toContain('enabled');
      expect(checked.out).toContain('ok    ping');
      expect([listed.code, checked.code]).toEqual([0, 0]);
    },
    sh,
  );

  page.example(
    'Rotate',
    'rotates the secret in the store, and the old one stays valid',
    async (example) => {
      await startRegistered();
      const [rotate] = await typedCommands(example.text());
      const { code } = await cli(rotate!.args.slice(1), { env: environment() });

      expect(code).toBe(0);
      expect(await webhooksOf(gemini)).toMatchObject([
        { secrets: [{ expiresAt: undefined }, { expiresAt: expect.any(String) as unknown }] },
      ]);
    },
    sh,
  );

  page.example('Watch', 'counts answers by code and attempts by outcome', async (example) => {
    const { WebhookMetrics } = await example.run<{ WebhookMetrics: Type<{ counts: Map<string, number> }> }>();
    const handler = handlerOf('publish', () => undefined);
    const running = await startApp({ imports: [staticWebhooks()], providers: [WebhookMetrics, handler] }, { adapter });
    expect(await deliver(running.origin)).toMatchObject(PROCESSED);
    await fetch(`${running.origin}/gemini/webhooks`, { method: 'POST' });
    const { counts } = running.app.get(WebhookMetrics);
    await until(() => counts.size === 3);

    expect(Object.fromEntries(counts)).toEqual({
      'delivery 200 accepted': 1,
      'delivery 400 missing_header': 1,
      'handler publish succeeded': 1,
    });
  });

  page.everyExampleIsRun();

  it('has a threshold for each refusal and no other', () => {
    const [, table] = /\| code \| warn \|[^\n]*\n([^]*?)\n\n/.exec(textOf('docs/production.md'))!;
    const codes = table!.split('\n').flatMap((row) => row.split('|')[1]!.match(/[a-z_]{5,}/g) ?? []);

    expect(codes.toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
  });

  it('lists only variables that the module reads', () => {
    const named = textOf('docs/production.md').match(/GEMINI_[A-Z_]+/g)!;

    expect([...new Set(named)].filter((name) => !ENVIRONMENT_NAMES.some((one) => one === name))).toEqual([]);
  });

  async function startRegistered(): Promise<RunningApp> {
    const { AppModule } = await importExample<{ AppModule: Type }>(registration.code);
    const running = await startApp({ imports: [AppModule], providers: [Settled] }, { adapter, port });
    await until(() => running.app.get(GeminiWebhookEndpoints).status.state === 'synced');
    return running;
  }
});
