import type { Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GeminiJobs, GeminiWebhooksModule, type GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, startApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { codeBlocksOf } from '../support/code-blocks.js';
import { setEnvironment } from '../support/environment.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { deliver, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { until } from '../support/until.js';
import { closeSinks, startSink } from '../support/webhook-sink.js';
import { freePort } from '../support/free-port.js';
import { closeExamples, environmentOf, quickGemini, recorder, startBatch } from './support/example-app.js';
import { importExample } from './support/example-module.js';
import { ExamplePage } from './support/example-page.js';
import { typedCommands } from './support/typed-commands.js';

const ROOT = join(import.meta.dirname, '..', '..');
const [adapter] = ADAPTERS;
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly scripts: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
};
const PEERS_THAT_NEST_NEW_LACKS = ['@google/genai', '@nestjs/config'];
const page = new ExamplePage('README.md');
let log: jest.SpiedFunction<typeof console.log>;

beforeEach(() => {
  setEnvironment();
  log = jest.spyOn(console, 'log').mockReturnValue();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeExamples();
  await closeSinks();
  setEnvironment();
});

describe('README.md', () => {
  const sh = { language: 'sh' };

  page.example(
    manifest.name,
    'installs the package with the peers that a new Nest app lacks',
    async (example) => {
      const [install, ...others] = await typedCommands(example.text());

      expect(others).toEqual([]);
      expect(install!.args).toEqual(['install', manifest.name, ...PEERS_THAT_NEST_NEW_LACKS]);
      expect(PEERS_THAT_NEST_NEW_LACKS.filter((peer) => !(peer in manifest.peerDependencies))).toEqual([]);
    },
    sh,
  );

  page.example(
    'Try it',
    'installs the packages and runs the demo',
    async (example) => {
      const commands = await typedCommands(example.text());

      expect(commands.map(({ args }) => args)).toEqual([['ci'], ['run', 'demo']]);
      expect(manifest.scripts).toHaveProperty('demo');
    },
    sh,
  );

  page.example(
    'Try it',
    'installs the packages and runs the tests',
    async (example) => {
      const commands = await typedCommands(example.text());

      expect(commands.map(({ args }) => args)).toEqual([['ci'], ['test']]);
    },
    { ...sh, nth: 2 },
  );

  page.example(manifest.name, 'prints the finished batch and the location of its output', async (example) => {
    const { AppModule } = await example.run<{ AppModule: Type }>();
    setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET });
    const { origin } = await startApp({ imports: [AppModule] }, { adapter });

    expect(await deliver(origin, { data: { output_file_uri: 'files/1' } })).toMatchObject(PROCESSED);
    expect(log.mock.calls).toEqual([['batches/1', 'is done:', 'files/1']]);
  });

  page.example(
    manifest.name,
    'starts the app and sends it an event that it accepts',
    async (example) => {
      const port = await freePort();
      const [start, trigger] = await typedCommands(example.text({ replace: { '3000': String(port) } }));
      setEnvironment(trigger!.env);
      const { AppModule } = await importExample<{ AppModule: Type }>(codeBlocksOf('README.md')[1]!.code);
      const logger = new RecordingLogger();
      await startApp({ imports: [AppModule] }, { adapter, port, options: { logger } });
      const sent = await cli(trigger!.args.slice(1), { env: trigger!.env });
      const [, logged] = /# logs: (.*)/.exec(example.block.code)!;
      const [, printed] = /# prints: (.*)/.exec(example.block.code)!;
      const isRandom = /(?<=msg_)[\w-]+|\d+(?= ms)/g;

      expect(start).toMatchObject({ program: 'npm', args: ['start'] });
      expect(logger.text).toContain(logged);
      expect(sent).toMatchObject({ code: 0 });
      expect(sent.out.replaceAll(isRandom, '…')).toBe(printed!.replaceAll(isRandom, '…'));
      expect(log.mock.calls).toEqual([[expect.stringMatching(/^batches\//), 'is done:', expect.anything()]]);
    },
    { ...sh, nth: 2 },
  );

  page.example(
    'Add it to an existing app',
    'adds the package with options of its schematic',
    async (example) => {
      const [add] = await typedCommands(example.text());
      const schema = JSON.parse(readFileSync(join(ROOT, 'lib', 'schematics', 'schema.json'), 'utf8')) as {
        readonly properties: object;
      };
      const [nest, verb, name, ...options] = add!.args;

      expect([nest, verb, name]).toEqual(['nest', 'add', manifest.name]);
      expect(options.map((option) => option.slice(2)).filter((option) => !(option in schema.properties))).toEqual([]);
    },
    sh,
  );

  page.example(
    'Static webhooks: one for the project',
    'registers a webhook through which every batch of the project reports to the app',
    async (example) => {
      const gemini = await quickGemini();
      const port = await freePort();
      const uri = `http://127.0.0.1:${port}/gemini/webhooks`;
      const [register, app] = await typedCommands(
        example.text({ replace: { 'https://api.example.com/gemini/webhooks': uri }, append: '\nnpx' }),
      );
      expect(Object.keys(app!.env).toSorted()).toEqual(['GEMINI_API_KEY', 'GEMINI_WEBHOOK_SECRET']);

      const { code, out: secret } = await cli(register!.args.slice(1), { env: environmentOf(gemini) });
      expect({ code, name: register!.args[0] }).toEqual({ code: 0, name: manifest.name });

      setEnvironment({ GEMINI_WEBHOOK_SECRET: secret });
      const heard: GeminiEvent[] = [];
      await startApp({ imports: [GeminiWebhooksModule.forRoot()], providers: [recorder(heard)] }, { adapter, port });
      await startBatch(gemini);
      await until(() => heard.length === 1);

      expect(heard).toMatchObject([{ type: 'batch.succeeded', delivery: { strategy: 'hmac' } }]);
    },
    sh,
  );

  page.example(
    'Dynamic webhooks: one for a job',
    'sets the variables that give each job its own webhook',
    async (example) => {
      const [app] = await typedCommands(example.text({ append: 'npx' }));
      const gemini = await quickGemini();
      setEnvironment({ ...app!.env, ...environmentOf(gemini) });
      const running = await startApp({ imports: [GeminiWebhooksModule.forRoot()] }, { adapter });
      const { uris } = await running.app.get(GeminiJobs).webhookConfig();

      expect(uris).toEqual([expect.stringMatching(/^https:\/\/api\.example\.com\/gemini\/webhooks\?/)]);
    },
    sh,
  );

  page.example('Dynamic webhooks: one for a job', 'starts the film of an order once', async (example) => {
    const { Films } = await example.run<{ Films: Type<{ film(prompt: string, orderId: string): Promise<string> }> }>();
    const gemini = await quickGemini();
    const port = await freePort();
    setEnvironment({ ...environmentOf(gemini), GEMINI_WEBHOOK_PUBLIC_URL: `http://127.0.0.1:${port}` });
    const heard: GeminiEvent[] = [];
    const providers = [Films, recorder(heard)];
    const { app } = await startApp({ imports: [GeminiWebhooksModule.forRoot()], providers }, { adapter, port });

    const id = await app.get(Films).film('A lighthouse before dawn.', '42');
    const again = await app.get(Films).film('A lighthouse before dawn.', '42');
    await until(() => heard.length === 1);

    expect(heard).toMatchObject([{ type: 'video.generated', userMetadata: { orderId: '42' } }]);
    expect(await app.get(GeminiJobs).waitFor(id)).toMatchObject({ type: 'video.generated' });
    expect(again).toBe(id);
    expect(gemini.countOf('interactions.create')).toBe(1);
  });

  page.example(
    'Handlers',
    'alerts about a failed batch, gives up without one, and audits all events',
    async (example) => {
      const alerts = await startSink();
      const { Handlers } = await example.run<{ Handlers: Type }>({
        replace: { 'https://alerts.example.com': alerts.url },
      });
      const logger = new RecordingLogger();
      const { origin } = await startApp(
        { imports: [staticWebhooks()], providers: [Handlers] },
        { adapter, options: { logger } },
      );

      await deliver(origin, { type: 'batch.failed', id: 'batch_1' });
      await deliver(origin, { type: 'interaction.completed', id: 'v1_1' });
      const aboutNothing = await deliver(origin, { type: 'batch.expired', id: '' });

      expect(alerts.received.map(({ body }) => body)).toEqual(['batches/1, attempt 1']);
      expect(log.mock.calls.map(([type]) => type)).toEqual(['batch.failed', 'interaction.completed', 'batch.expired']);
      expect(aboutNothing).toMatchObject(PROCESSED);
      expect(logger.of('error').join()).toContain('an alert about nothing');
    },
  );

  page.example(
    'More than one replica',
    'installs the peers of a durable inbox and sets the URL of its store',
    async (example) => {
      const [install, after] = await typedCommands(example.text({ append: 'npm' }));

      expect(after!.env).toHaveProperty('GEMINI_WEBHOOK_INBOX_URL', 'redis://localhost:6379');
      expect(install!.args).toEqual(['install', 'bullmq', 'ioredis']);
      expect(install!.args.slice(1).filter((peer) => !(peer in manifest.peerDependencies))).toEqual([]);
    },
    sh,
  );

  page.elsewhere('More than one replica', 'test/docs/readme-durable.spec.ts');

  page.everyExampleIsRun();
});
