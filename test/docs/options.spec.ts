import { APP_GUARD } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GeminiEvent } from '../../lib/index.js';
import { ADAPTERS, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { deliver, PROCESSED, SECRET, staticWebhooks } from '../support/static-webhooks.js';
import { closeSinks } from '../support/webhook-sink.js';
import { closeExamples, recorder } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';
import { PublicOnly } from './support/public-only.guard.js';

const ROOT = join(import.meta.dirname, '..', '..');
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
  page.example(
    'Environment variables',
    'runs the installed command with the variables of the file',
    async (example) => {
      const folder = mkdtempSync(join(tmpdir(), 'dot-env-'));
      const heard: GeminiEvent[] = [];
      const { origin } = await startApp({ imports: [staticWebhooks()], providers: [recorder(heard)] }, { adapter });
      try {
        mkdirSync(join(folder, 'node_modules'));
        symlinkSync(ROOT, join(folder, 'node_modules', 'nestjs-gemini-webhooks'));
        writeFileSync(join(folder, '.env'), `GEMINI_WEBHOOK_SECRET=${SECRET}\n`);
        const command = example.text({ replace: { 'http://localhost:3000': origin } });
        const { stdout } = await promisify(execFile)('sh', ['-euc', command], { cwd: folder });

        expect(stdout).toContain('200 processed');
        expect(heard).toMatchObject([{ type: 'batch.succeeded' }]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { language: 'sh' },
  );

  page.example('forRootAsync', 'reads the secret from the configuration, on a public route', async (example) => {
    process.env['SECRET'] = SECRET;
    const guard = { provide: APP_GUARD, useClass: PublicOnly };
    const { origin } = await startApp({ imports: [await example.runForModule()], providers: [guard] }, { adapter });
    delete process.env['SECRET'];

    expect(await deliver(origin, { path: 'hooks/gemini' })).toMatchObject(PROCESSED);
  });

  page.everyExampleIsRun();
});
