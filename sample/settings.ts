import { registerAs, type ConfigType } from '@nestjs/config';
import { join } from 'node:path';
import { SAMPLE_FOLDER } from './sample-folder.js';

/** What the sample reads from its environment. What is not here is read by the package itself: see its README. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  /** The sample's store. */
  readonly databaseUrl: string;
  /** Where accepted events are kept: Redis when there is one, else the sample's own store. */
  readonly inboxUrl: string;
  readonly inboxQueue: string;
  /** How long after its first failure an event is tried again; each wait after it is twice as long. */
  readonly inboxRetryMs: number;
  /** After how long without a sign of life a worker is taken for dead. */
  readonly inboxLockMs: number;
  readonly apiKey: string;
  /** The webhook's full URL, as Google reaches it. */
  readonly webhookUrl: string | undefined;
  readonly reconcileAfterMs: number;
  /** What this process is called on the page. */
  readonly process: string;
  readonly adminPassword: string | undefined;
  /** Whether the page asks for the login, too. */
  readonly isPageBehindLogin: boolean;
  readonly filmsFolder: string;
  /** Who simulates Gemini, and can make things go wrong. */
  readonly control: { readonly url: string; readonly token: string } | undefined;
}

/** Where the webhook's route is. Read before there is an app, since it shapes a controller. */
export const WEBHOOK_PATH = trimmed(process.env['GEMINI_WEBHOOK_PATH']) ?? 'gemini/webhooks';

/** The settings as `@nestjs/config` gives them, `.env` files included: `@Inject(sampleSettings.KEY)`. */
export const sampleSettings = registerAs('sample', (): Settings => readSettings(process.env));

export type SampleSettings = ConfigType<typeof sampleSettings>;

/** @throws Error that names the variable and says what to do */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const text = (name: string) => trimmed(env[name]);
  const databaseUrl = text('DATABASE_URL') ?? missing('DATABASE_URL', 'the URL of a PostgreSQL database');
  const controlUrl = text('SAMPLE_CONTROL_URL');
  return {
    host: text('HOST') ?? '127.0.0.1',
    port: wholeNumber('PORT', text('PORT') ?? '3000'),
    databaseUrl,
    inboxUrl: text('GEMINI_WEBHOOK_INBOX_URL') ?? text('REDIS_URL') ?? databaseUrl,
    inboxQueue: text('INBOX_QUEUE') ?? 'gemini-webhooks',
    inboxRetryMs: wholeNumber('INBOX_RETRY_MS', text('INBOX_RETRY_MS') ?? '5000'),
    inboxLockMs: wholeNumber('INBOX_LOCK_MS', text('INBOX_LOCK_MS') ?? '5000'),
    apiKey: text('GOOGLE_API_KEY') ?? text('GEMINI_API_KEY') ?? missing('GEMINI_API_KEY', 'a key of the Gemini API'),
    webhookUrl: webhookUrl(text('GEMINI_WEBHOOK_PUBLIC_URL')),
    reconcileAfterMs: wholeNumber('JOBS_RECONCILE_AFTER_MS', text('JOBS_RECONCILE_AFTER_MS') ?? '600000'),
    process: text('SAMPLE_PROCESS') ?? `process-${process.pid}`,
    adminPassword: text('SAMPLE_ADMIN_PASSWORD'),
    isPageBehindLogin: text('SAMPLE_LOGIN') === 'true',
    filmsFolder: text('SAMPLE_FILMS_DIR') ?? join(SAMPLE_FOLDER, '.data', 'films'),
    control: controlUrl === undefined ? undefined : { url: controlUrl, token: text('SAMPLE_CONTROL_TOKEN') ?? '' },
  };
}

/** An origin gets the route's path; a URL that has a path is taken as it is. */
function webhookUrl(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (!URL.canParse(given)) throw new Error(`GEMINI_WEBHOOK_PUBLIC_URL is no URL. Give https://… of this app.`);
  const url = new URL(given);
  return url.pathname === '/' ? new URL(WEBHOOK_PATH, url).href : url.href;
}

function wholeNumber(name: string, given: string): number {
  if (/^\d{1,12}$/.test(given)) return Number(given);
  throw new Error(`${name} is ${JSON.stringify(given)}. Give a whole number.`);
}

function missing(name: string, what: string): never {
  throw new Error(`${name} is not set. Give ${what}, or run the sample with \`npm run demo\`, which sets it.`);
}

/** Empty counts as absent. */
function trimmed(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}
