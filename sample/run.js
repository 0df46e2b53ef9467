import { transformFile } from '@swc/core';
import { execFileSync, fork } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** `npm run sample -- <name>`: builds what has changed, simulates what the environment does not name, runs the sample. */
/** Name of each sample, and what it costs on the real API. */
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
buildPackage();
const folder = await compile(name);
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
  fork(join(folder, 'worker.js'), { execArgv: ['--import', endsWithParent] });
}
await import(pathToFileURL(join(folder, 'main.js')).href);

function buildPackage() {
  // Written after a whole build: one that was interrupted leaves half of `dist`.
  const mark = join(ROOT, 'sample', '.data', 'built');
  const timeOf = (...path) => statSync(join(...path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(ROOT, 'lib'), { recursive: true });
  if (timeOf(ROOT, 'dist') > 0 && sources.every((file) => timeOf(ROOT, 'lib', file) < timeOf(mark))) return;
  process.stdout.write('Building the package …\n');
  const startedAt = new Date();
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, '');
  utimesSync(mark, startedAt, startedAt);
}

/** Compiles a folder as `nest build` with SWC does. Returns where it is. */
async function compile(sample) {
  const from = join(ROOT, 'sample', sample);
  const to = join(ROOT, 'sample', 'dist', sample);
  mkdirSync(to, { recursive: true });
  const parser = { syntax: 'typescript', decorators: true };
  const transform = { legacyDecorator: true, decoratorMetadata: true };
  for (const file of readdirSync(from).filter((one) => one.endsWith('.ts'))) {
    const jsc = { parser, transform, target: 'es2022', keepClassNames: true };
    const { code } = await transformFile(join(from, file), { jsc, swcrc: false, module: { type: 'es6' } });
    writeFileSync(join(to, file.replace(/\.ts$/, '.js')), code);
  }
  return to;
}

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
