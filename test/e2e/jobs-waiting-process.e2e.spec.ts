import { afterEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { closeSimulators, startGemini } from '../support/jobs.js';

/** An app without a server that only waits for a job. */
const PROGRAM = `
  import 'reflect-metadata';
  import { NestFactory } from '@nestjs/core';
  import { GeminiJobs, GeminiWebhooksModule } from './dist/index.js';
  const [apiKey, baseUrl] = process.argv.slice(-2);
  class App {}
  const webhooks = GeminiWebhooksModule.forRoot({
    gemini: { apiKey, httpOptions: { baseUrl } },
    jobs: { reconcile: { afterMs: 300 } },
  });
  const app = await NestFactory.createApplicationContext({ module: App, imports: [webhooks] }, { logger: false });
  const job = await app.get(GeminiJobs).createVideo({ input: 'the sea' });
  console.log((await job.completed()).type);
  await app.close();
`;

afterEach(closeSimulators);

it('a process stays alive while it waits for a job', async () => {
  const gemini = await startGemini({ time: 'real', durations: { video: 100 }, videoEvent: 'none' });
  const program = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', gemini.apiKey, gemini.baseUrl]);
  const [output, errors] = [text(program.stdout), text(program.stderr)];
  const [code] = (await once(program, 'exit')) as [number | null];

  expect({ code, output: (await output).trim(), errors: await errors }).toEqual({
    code: 0,
    output: 'video.generated',
    errors: expect.not.stringContaining('Error'),
  });
});
