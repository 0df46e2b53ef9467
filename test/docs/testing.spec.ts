import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, startApp } from '../support/apps.js';
import { GeminiJobs, GeminiWebhooksModule, type GeminiEvent } from '../../lib/index.js';
import { cli } from '../support/cli.js';
import { codeBlocksOf } from '../support/code-blocks.js';
import { deferred } from '../support/deferred.js';
import { setEnvironment } from '../support/environment.js';
import { receiver } from '../support/receiver.js';
import { until } from '../support/until.js';
import { freePort } from '../support/free-port.js';
import { closeExamples, environmentOf, quickGemini, recorder, startBatch } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';
import { typedCommands } from './support/typed-commands.js';

const ROOT = join(import.meta.dirname, '..', '..');

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/testing.md');

beforeEach(() => {
  setEnvironment();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeExamples();
  setEnvironment();
});

describe('docs/testing.md', () => {
  page.example('A test of an app', 'passes with the configuration and the command of Jest in ESM', async (example) => {
    const folder = mkdtempSync(join(tmpdir(), 'jest-esm-'));
    try {
      mkdirSync(join(folder, 'node_modules'));
      for (const name of readdirSync(join(ROOT, 'node_modules')).filter((one) => !one.startsWith('.')))
        symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
      symlinkSync(ROOT, join(folder, 'node_modules', 'nestjs-gemini-webhooks'));
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      writeFileSync(join(folder, 'jest.config.js'), blockOf('Jest in ESM', 'js'));
      writeFileSync(join(folder, 'app.spec.ts'), example.text());
      const { stderr } = await promisify(execFile)('sh', ['-euc', blockOf('Jest in ESM', 'sh')], { cwd: folder });

      expect(stderr).toContain('✓ publishes a finished batch');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const language of ['js', 'sh']) page.elsewhere('Jest in ESM', 'test/docs/testing.spec.ts', { language });

  it('has the Jest configuration of the app that tests the packed package', async () => {
    const host = readFileSync(join(ROOT, 'test/package/hosts/hosted/jest.config.js'), 'utf8');

    expect(blockOf('Jest in ESM', 'js')).toBe(host.replace(/^ {2}rootDir: .*\n/m, ''));
  });

  page.example('Signed test deliveries', 'sends an event that the app accepts', async (example) => {
    const [secret] = /whsec_[\w+/]+/.exec(example.block.code)!;
    const { events, metadata } = receiver({}, secret);
    const { origin } = await startApp(metadata, { adapter });
    await example.run({ replace: { 'http://localhost:3000': origin } });

    expect(events).toMatchObject([{ type: 'batch.succeeded', data: { id: 'batch_1', output_file_uri: 'files/1' } }]);
  });

  page.example('The simulator', 'handles once a batch whose webhook arrives twice', async (example) => {
    const log = jest.spyOn(console, 'log').mockReturnValue();
    const port = String(await freePort());
    const { gemini } = await example.run<{ gemini: GeminiSimulator }>({
      replace: { '3000': port, 'create(AppModule)': 'create(AppModule, { logger: false })' },
      append: 'export { gemini };',
    });

    expect(gemini.deliveries.map(({ status }) => status)).toEqual([200, 200]);
    expect(log.mock.calls).toEqual([[expect.stringMatching(/^batches\//), 'is done']]);
  });

  page.example(
    'An app in development',
    'prints the variables of the next example',
    async (example) => {
      const [command] = await typedCommands(example.text());
      const stop = deferred<void>();
      const printed = cli([...command!.args.slice(1), '--port', '0'], { stopped: () => stop.promise });
      stop.resolve();
      const { out } = await printed;

      expect(out).toContain('GEMINI_API_KEY=key-of-the-simulator');
      expect(out).toMatch(/^GEMINI_WEBHOOK_JWKS_URL=http:.*\/\.well-known\/jwks\.json$/m);
    },
    { language: 'sh' },
  );

  page.example(
    'An app in development',
    'delivers the event of a job that the app starts',
    async (example) => {
      const heard: GeminiEvent[] = [];
      const [gemini, port] = [await quickGemini(), await freePort()];
      const replace = { 'http://127.0.0.1:8788': gemini.baseUrl, 'http://localhost:3000': `http://localhost:${port}` };
      const [start] = await typedCommands(example.text({ replace }));
      setEnvironment({ ...start!.env, GEMINI_API_KEY: gemini.apiKey });
      const imports = [GeminiWebhooksModule.forRoot()];
      const { app } = await startApp({ imports, providers: [recorder(heard)] }, { adapter: ADAPTERS[0], port });
      await app.get(GeminiJobs).createVideo({ input: 'A lighthouse.' });
      await until(() => heard.length > 0);

      expect(heard).toMatchObject([{ type: 'video.generated', delivery: { strategy: 'jwks' } }]);
    },
    { language: 'sh', nth: 2 },
  );

  page.example(
    'An app in development',
    'delivers the event of a batch that another client starts',
    async (example) => {
      const heard: GeminiEvent[] = [];
      const [gemini, port] = [await quickGemini(), await freePort()];
      const [register, start] = await typedCommands(
        example.text({ replace: { 'http://localhost:3000': `http://localhost:${port}` } }),
      );
      const { code, out } = await cli(register!.args.slice(1), { env: environmentOf(gemini) });
      setEnvironment({ ...start!.env, GEMINI_WEBHOOK_SECRET: out });
      const imports = [GeminiWebhooksModule.forRoot()];
      await startApp({ imports, providers: [recorder(heard)] }, { adapter: ADAPTERS[0], port });
      await startBatch(gemini);
      await until(() => heard.length > 0);

      expect(code).toBe(0);
      expect(heard).toMatchObject([{ type: 'batch.succeeded', delivery: { strategy: 'hmac' } }]);
    },
    { language: 'sh', nth: 3 },
  );

  page.example(
    'An app in development',
    'finds nothing wrong with an app that works',
    async (example) => {
      const { metadata, secret } = receiver();
      const { origin } = await startApp(metadata, { adapter });
      const [doctor] = await typedCommands(example.text({ replace: { 'http://localhost:3000': origin } }));
      const { code, out } = await cli(doctor!.args.slice(1), { env: { GEMINI_WEBHOOK_SECRET: secret } });

      expect(out).toContain('0 failed');
      expect(code).toBe(0);
    },
    { language: 'sh', nth: 4 },
  );

  page.example(
    'Jest in CommonJS',
    'equals the Jest configuration in the tests of the packed package',
    async (example) => {
      const host = readFileSync(join(ROOT, 'test/package/hosts/nest-11-cjs/jest.config.json'), 'utf8');
      const { transformIgnorePatterns } = new Function(`return {${example.text()}}`)() as Record<string, unknown>;

      expect(JSON.parse(host)).toMatchObject({ transformIgnorePatterns });
    },
    { language: 'js' },
  );

  page.everyExampleIsRun();
});

function blockOf(heading: string, language: string): string {
  return codeBlocksOf(page.path).find((block) => block.heading === heading && block.language === language)!.code;
}
