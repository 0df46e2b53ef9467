import { randomBytes } from 'node:crypto';
import type { DataFolder } from './data-folder.js';
import { KeptProcess } from './kept/kept-process.js';
import type { PostgresDetails } from './kept/postgres.process.js';
import type { SimulatorDetails } from './kept/simulator.process.js';
import { checkStores } from './stores.js';
import type { Terminal } from './terminal.js';

/** How soon a job is looked up whose webhook does not come, for somebody who watches. */
const RECONCILE_AFTER_MS = '8000';

/** What stays the same from run to run. */
interface Secrets {
  readonly binding: string;
  readonly adminPassword: string;
}

/** What the app needs around it. */
export interface Scenery {
  /** For each process of the app. */
  readonly environment: Readonly<Record<string, string>>;
  readonly adminPassword: string;
  /** `undefined` with the real Gemini API. */
  readonly simulator: KeptProcess<SimulatorDetails> | undefined;
  /** Whether jobs of an earlier run can still end: its simulator is there. */
  readonly goesOn: boolean;
  /** What the app cannot do without. Rejects when one of them is gone. */
  readonly gone: Promise<never>;
  end(): Promise<void>;
  /** Without waiting for anything. */
  terminate(): void;
}

/** Whether the environment names the real Gemini API. A key alone may be there for something else. */
export function isReal(env: NodeJS.ProcessEnv): boolean {
  return Boolean((env['GEMINI_API_KEY'] || env['GOOGLE_API_KEY']) && env['GEMINI_WEBHOOK_PUBLIC_URL']);
}

/**
 * Starts what the environment does not name: PostgreSQL and Gemini.
 *
 * @param address where the app is to be reached
 * @throws Error whose message is for whoever runs the demo
 */
export async function setScenery(folder: DataFolder, address: string, terminal: Terminal): Promise<Scenery> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env;
  await checkStores({ databaseUrl, redisUrl });
  const secrets = await readSecrets(folder);
  const [postgres, simulator] = await both(
    databaseUrl ? undefined : KeptProcess.takeOverOrStart<PostgresDetails>('postgres', folder),
    isReal(process.env) ? undefined : KeptProcess.takeOverOrStart<SimulatorDetails>('simulator', folder),
  );
  if (postgres?.isTakenOver === false) for (const note of postgres.details.notes) terminal.note('warning', note);
  if (postgres?.isTakenOver || simulator?.isTakenOver) {
    terminal.note('note', 'A run before this one was killed: what it has left running is taken over.');
  }
  const storeUrl = databaseUrl || postgres?.details.url || '';
  const gone = Promise.race([
    goneOf(postgres, 'PostgreSQL', folder),
    goneOf(simulator, 'The simulated Gemini', folder),
  ]);
  gone.catch(() => undefined);
  const kept = [postgres, simulator].filter((one) => one !== undefined);
  return {
    environment: {
      DATABASE_URL: storeUrl,
      GEMINI_WEBHOOK_INBOX_URL: process.env['GEMINI_WEBHOOK_INBOX_URL'] || redisUrl || storeUrl,
      SAMPLE_ADMIN_PASSWORD: secrets.adminPassword,
      SAMPLE_FILMS_DIR: folder.in('films'),
      ...(simulator ? simulated(simulator.details, secrets, address) : { SAMPLE_LOGIN: 'true' }),
    },
    adminPassword: secrets.adminPassword,
    simulator,
    goesOn: simulator?.isTakenOver ?? true,
    gone,
    end: async () => void (await Promise.all(kept.map((one) => one.end()))),
    terminate: () => kept.forEach((one) => one.terminate()),
  };
}

/** An empty value counts as none, whatever the shell has set. */
function simulated({ baseUrl, apiKey, jwksUrl }: SimulatorDetails, { binding }: Secrets, address: string) {
  return {
    GEMINI_API_KEY: apiKey,
    GOOGLE_API_KEY: '',
    GOOGLE_GEMINI_BASE_URL: baseUrl,
    GOOGLE_GENAI_USE_VERTEXAI: '',
    GEMINI_WEBHOOK_JWKS_URL: jwksUrl,
    GEMINI_WEBHOOK_AUDIENCE: '',
    GEMINI_WEBHOOK_SECRET: '',
    GEMINI_WEBHOOK_PATH: 'gemini/webhooks',
    GEMINI_WEBHOOK_PUBLIC_URL: address,
    GEMINI_WEBHOOK_BINDING_SECRET: binding,
    JOBS_RECONCILE_AFTER_MS: process.env['JOBS_RECONCILE_AFTER_MS'] || RECONCILE_AFTER_MS,
    SAMPLE_LOGIN: '',
  };
}

/** When one does not start, the other does not stay. */
async function both(
  postgres: Promise<KeptProcess<PostgresDetails>> | undefined,
  simulator: Promise<KeptProcess<SimulatorDetails>> | undefined,
) {
  const outcomes = await Promise.allSettled([postgres, simulator] as const);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const [first, second] = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
  if (failed) {
    await Promise.all([first?.end(), second?.end()]);
    throw failed.reason as Error;
  }
  return [first, second] as [KeptProcess<PostgresDetails> | undefined, KeptProcess<SimulatorDetails> | undefined];
}

async function goneOf(kept: KeptProcess<unknown> | undefined, what: string, folder: DataFolder): Promise<never> {
  await (kept?.gone ?? new Promise(() => undefined));
  throw new Error(`${what} has ended. See ${folder.in('logs')}, and start the demo again.`);
}

async function readSecrets(folder: DataFolder): Promise<Secrets> {
  const noted = (await folder.read<Secrets>('secrets')) ?? {};
  const { binding = randomBytes(32).toString('base64'), adminPassword = randomBytes(9).toString('base64url') } = noted;
  await folder.write('secrets', { binding, adminPassword });
  return { binding, adminPassword: process.env['SAMPLE_ADMIN_PASSWORD'] || adminPassword };
}
