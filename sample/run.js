import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './showcase/typescript-loader.js';

/** `npm run sample -- <name>`: simulates what the environment does not name, and runs the sample from its sources. */
/** The name of each sample, and what it costs on the real API. */
const SAMPLES = {
  batch: '1 batch of 4 short prompts, less than a cent',
  'long-video': '6 clips of 8 s and one more for each refusal, about 5 US dollars',
  'deep-research': '1 research plan, and 1 report once you approve it, which is minutes of agent work',
  durable: '1 batch of 3 short prompts, less than a cent',
  'static-webhook': '1 batch of 1 short prompt, less than a cent',
};
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [name] = process.argv.splice(2, 1);

if (!Object.hasOwn(SAMPLES, name ?? '')) {
  process.stderr.write(`Usage: npm run sample -- <${Object.keys(SAMPLES).join(' | ')}> [run]\n`);
  process.exit(2);
}
process.setSourceMapsEnabled(true);
const folder = new URL(`${name}/`, import.meta.url);
const data = join(ROOT, 'sample', '.data', name);
mkdirSync(data, { recursive: true });
process.chdir(data);
process.env.PORT ??= '3000';
if (!process.env.GEMINI_API_KEY && !process.env.GOOGLE_API_KEY) await simulateGemini();
else process.stdout.write(`Cost on the real API: ${SAMPLES[name]}\n`);
const { migrate, startPostgres } = await import('./postgres.js');
const { GEMINI_WEBHOOK_INBOX_URL: inboxUrl = '' } = process.env;
if (inboxUrl.startsWith('postgres')) await migrate(inboxUrl);
if (name === 'durable') {
  process.env.DATABASE_URL ??= await startPostgres();
  await migrate(process.env.DATABASE_URL);
  // The worker ends with this process, even when this one is killed.
  const endsWithParent = 'data:text/javascript,process.on("disconnect", () => process.exit())';
  const loader = new URL('showcase/typescript-loader.js', import.meta.url).href;
  const flags = ['--import', loader, '--import', endsWithParent, '--enable-source-maps'];
  fork(new URL('worker.ts', folder), { execArgv: flags });
}
await import(new URL('main.ts', folder).href);

async function simulateGemini() {
  const { GeminiSimulator } = await import('nestjs-gemini-webhooks/testing');
  const gemini = await GeminiSimulator.start({ videoEvent: 'video.generated' });
  process.env.GEMINI_API_KEY = gemini.apiKey;
  process.env.GOOGLE_GEMINI_BASE_URL = gemini.baseUrl;
  process.env.GEMINI_WEBHOOK_JWKS_URL = gemini.jwksUrl;
  process.env.GEMINI_WEBHOOK_PUBLIC_URL = `http://127.0.0.1:${process.env.PORT}`;
  if (name === 'long-video') gemini.inject({ fault: 'end', kind: 'video', end: 'filtered', times: 1 });
  process.stdout.write(`No GEMINI_API_KEY: Gemini is simulated at ${gemini.baseUrl}\n`);
}
