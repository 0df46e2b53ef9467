import { GeminiSimulator } from 'nestjs-gemini-webhooks/testing';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DemoOptions } from './options.js';
import { BOARD_PATH, WEBHOOK_PATH, type ShowcaseSettings } from './settings.js';

const HOST = '127.0.0.1';
const DEFAULT_PORT = 3000;
const INTERRUPTED = 130;
/** Time to stop before the real Gemini API is asked. */
const SECOND_THOUGHTS_MS = 10_000;
const FILMS_FOLDER = join(import.meta.dirname, '..', '.data', 'films');
/**
 * Jobs are polled about 1, 3 and 8 s after their start. A clip, which is only polled, ends just before a poll. Batches and
 * interactions end well before one, so that their webhook comes first.
 */
const DURATIONS = { batch: 4_000, video: 800, interaction: 4_000 };

/** Runs the demo until it is done or interrupted. @returns the exit code @throws Error with a message for the user */
export async function runDemo(options: DemoOptions): Promise<number> {
  const interrupted = interruption();
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const address = `http://${HOST}:${await freePort(options.port)}`;
    // The app is loaded while PostgreSQL starts.
    const [settings, { startApp }] = await Promise.all([settingsFor(address, closing), import('./app.js')]);
    interrupted.throwIfAborted();
    const app = await startApp(settings, address);
    closing.push(() => app.close());
    printAddresses(address, settings);
    if (!settings.simulator && !options.once) print('Start workflows on the page. Ctrl+C ends the demo.');
    if (!settings.simulator && options.once) {
      print('20 prompts, a film of 16 s and a deep research start in 10 s, and are billed. Ctrl+C starts nothing.');
      await pause(SECOND_THOUGHTS_MS, undefined, { signal: interrupted });
    }
    if (settings.simulator || options.once) {
      const { showWorkflows } = await import('./show-workflows.js');
      const isGood = await showWorkflows(app, { isSmall: !settings.simulator, signal: interrupted, print });
      if (options.once) return isGood ? 0 : 1;
      print('The page stays up. Ctrl+C ends the demo.');
    }
    return await once(interrupted, 'abort').then(() => 0);
  } catch (error) {
    if (!interrupted.aborted) throw error;
    return options.once ? INTERRUPTED : 0;
  } finally {
    for (const close of closing.toReversed()) await close().catch((error: Error) => print(error.message));
  }
}

/** Starts PostgreSQL and the simulator where the environment names no others. */
async function settingsFor(address: string, closing: (() => Promise<unknown>)[]): Promise<ShowcaseSettings> {
  const { DATABASE_URL, SAMPLE_ADMIN_PASSWORD, GEMINI_WEBHOOK_PUBLIC_URL: publicUrl } = process.env;
  const apiKey = process.env['GOOGLE_API_KEY'] || process.env['GEMINI_API_KEY'];
  const isReal = Boolean(apiKey && publicUrl);
  if (!isReal) forgetGeminiVariables();
  if (apiKey && !isReal) print('GEMINI_WEBHOOK_PUBLIC_URL is not set, so Gemini is simulated in spite of the API key.');
  const [databaseUrl, simulator] = await Promise.all([
    DATABASE_URL || startPostgres(closing),
    isReal ? undefined : startSimulator(closing),
    mkdir(FILMS_FOLDER, { recursive: true }),
  ]);
  process.chdir(FILMS_FOLDER);
  return {
    databaseUrl,
    simulator,
    gemini: { ...(simulator?.clientOptions ?? { apiKey: apiKey! }), vertexai: false },
    webhookUrl: new URL(WEBHOOK_PATH, isReal ? publicUrl : address).href,
    adminPassword: SAMPLE_ADMIN_PASSWORD || randomBytes(9).toString('base64url'),
    filmsFolder: FILMS_FOLDER,
  };
}

async function startSimulator(closing: (() => Promise<unknown>)[]): Promise<GeminiSimulator> {
  const simulator = await GeminiSimulator.start({ durations: DURATIONS, videoEvent: 'none' });
  closing.push(() => simulator.close());
  return simulator;
}

/** Variables for the real API must not reach the package while Gemini is simulated. */
function forgetGeminiVariables(): void {
  const names = Object.keys(process.env).filter((name) => /^(GEMINI|GOOGLE)_|^WEBHOOK_SIGNING_SECRET$/.test(name));
  for (const name of names) delete process.env[name];
}

/** Detached, since Ctrl+C reaches every process of the terminal's group and PostgreSQL must end after the app. */
async function startPostgres(closing: (() => Promise<unknown>)[]): Promise<string> {
  const child = fork(join(import.meta.dirname, 'postgres.process.js'), { detached: true });
  const exit = once(child, 'exit');
  closing.push(() => {
    if (child.connected) child.disconnect();
    return exit;
  });
  const [message] = (await Promise.race([once(child, 'message'), exit])) as [{ url?: string; error?: string } | null];
  if (message?.url !== undefined) return message.url;
  throw new Error(`${message?.error ?? 'PostgreSQL does not start.'} Set DATABASE_URL to use another.`);
}

async function freePort(wanted: number | undefined): Promise<number> {
  const probe = createServer();
  const listen = async (port: number) => {
    await once(probe.listen(port, HOST), 'listening');
    return (probe.address() as AddressInfo).port;
  };
  const isInUse = ({ code }: NodeJS.ErrnoException) => code === 'EADDRINUSE';
  const port = await listen(wanted ?? DEFAULT_PORT).catch((error: NodeJS.ErrnoException) => {
    if (wanted === undefined && isInUse(error)) return listen(0);
    throw new Error(`Port ${wanted} cannot be used (${error.code}). Give another by --port, or none.`, {
      cause: error,
    });
  });
  probe.close();
  return port;
}

/** Aborts on the first Ctrl+C. A second one does not wait for anything. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED);
      print('\nEnding the app and PostgreSQL …');
      controller.abort();
    });
  }
  return controller.signal;
}

function printAddresses(address: string, { simulator, adminPassword }: ShowcaseSettings): void {
  const protectedPages = simulator ? 'for Bull Board' : 'for both';
  print(`
  The page     ${address}/
  Bull Board   ${address}${BOARD_PATH}
  Login        admin, ${adminPassword}   (${protectedPages})
`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
