import type { BackoffOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { InboxHost } from '../inbox/inbox-engine.js';
import { checkWholeNumbers } from '../whole-number.js';
import { checkedFlag, checkedName, invalidStoreOption, storeTarget, type StoreTarget } from './store-target.js';

/** Options of `bullmqInbox`. */
export interface BullmqInboxOptions {
  /**
   * `redis://`, `rediss://`, `postgres://` or `postgresql://`.
   * @default `GEMINI_WEBHOOK_INBOX_URL`
   */
  readonly url?: string | undefined;
  /**
   * An ioredis client or a pg `Pool` of the app's, in place of a URL. The inbox connects as it does; it is never closed.
   */
  readonly connection?: Redis | Pool | undefined;
  /** @default 'gemini-webhooks', and '-' and the registration's name for others than `default` */
  readonly queueName?: string | undefined;
  /**
   * Redis: the prefix of keys. PostgreSQL: the schema.
   * @default 'bull', on PostgreSQL 'bullmq'
   */
  readonly prefix?: string | undefined;
  /**
   * How many events one process handles at once.
   * @default 16
   */
  readonly concurrency?: number | undefined;
  /**
   * How often an event is tried.
   * @default 12, which the default backoff spreads over about 24 h
   */
  readonly attempts?: number | undefined;
  /**
   * Between attempts, as BullMQ has it: `delay` in milliseconds, `jitter` from 0 to 1.
   * @default { type: 'exponential', delay: 42000, jitter: 0.2 }
   */
  readonly backoff?: BackoffOptions | undefined;
  /**
   * How long a handled event is kept, and with it its key, in milliseconds.
   * @default 172800000 (48 h)
   */
  readonly keepCompletedMs?: number | undefined;
  /**
   * How long an event whose attempts are exhausted is kept, in milliseconds.
   * @default 1209600000 (14 days)
   */
  readonly keepFailedMs?: number | undefined;
  /**
   * `false` receives without handling: workers are in another process.
   * @default true
   */
  readonly workers?: boolean | undefined;
  /**
   * Whether to bring the PostgreSQL schema up to date at start. `false` for teams that migrate themselves.
   * @default true
   */
  readonly migrate?: boolean | undefined;
  /**
   * How long shutdown waits for handlers that are running, in milliseconds, before it aborts their `context.signal`.
   * @default 10000
   */
  readonly drainTimeoutMs?: number | undefined;
  /**
   * After how long without a sign of life a worker is taken for dead and its events are given to others, in
   * milliseconds. A handler that blocks the event loop for longer runs twice.
   * @default 30000
   */
  readonly lockDurationMs?: number | undefined;
}

/** The options, checked and with their defaults. */
export interface BullmqInboxConfig {
  readonly target: StoreTarget;
  readonly queueName: string;
  readonly prefix: string | undefined;
  readonly concurrency: number;
  readonly attempts: number;
  readonly backoff: BackoffOptions;
  readonly keepCompletedMs: number;
  readonly keepFailedMs: number;
  readonly workers: boolean;
  readonly migrate: boolean;
  readonly drainTimeoutMs: number;
  readonly lockDurationMs: number;
}

const OWNER = 'bullmqInbox';
const DAY_MS = 86_400_000;

/** @throws GeminiWebhooksError `invalid_option` */
export function bullmqInboxConfig(
  options: BullmqInboxOptions,
  { registration, toleranceSeconds, inboxUrl }: Pick<InboxHost, 'registration' | 'toleranceSeconds' | 'inboxUrl'>,
): BullmqInboxConfig {
  const leastRetentionMs = DAY_MS + toleranceSeconds * 1000;
  const numbers = checkWholeNumbers(OWNER, options, {
    concurrency: { fallback: 16, least: 1, most: 10_000 },
    attempts: { fallback: 12, least: 2, most: 1_000 },
    keepCompletedMs: { fallback: 2 * DAY_MS, least: leastRetentionMs, most: 366 * DAY_MS },
    keepFailedMs: { fallback: 14 * DAY_MS, least: leastRetentionMs, most: 366 * DAY_MS },
    drainTimeoutMs: { fallback: 10_000, least: 0, most: 600_000 },
    lockDurationMs: { fallback: 30_000, least: 500, most: 3_600_000 },
  });
  return {
    ...numbers,
    target: storeTarget(OWNER, options, inboxUrl),
    queueName: checkedName(OWNER, 'queueName', options.queueName) ?? defaultQueueName(registration),
    prefix: checkedName(OWNER, 'prefix', options.prefix),
    backoff: checkedBackoff(options.backoff) ?? { type: 'exponential', delay: 42_000, jitter: 0.2 },
    workers: checkedFlag(OWNER, 'workers', options.workers) ?? true,
    migrate: checkedFlag(OWNER, 'migrate', options.migrate) ?? true,
  };
}

function defaultQueueName(registration: string): string {
  return registration === 'default' ? 'gemini-webhooks' : `gemini-webhooks-${registration}`;
}

/** BullMQ would find a wrong one only when an event fails for the first time. */
function checkedBackoff(value: BackoffOptions | undefined): BackoffOptions | undefined {
  if (value === undefined) return undefined;
  const { type, delay, jitter = 0 } = (value ?? {}) as Partial<BackoffOptions>;
  const known = type === 'fixed' || type === 'exponential';
  if (known && Number.isSafeInteger(delay) && delay! >= 0 && jitter >= 0 && jitter <= 1) return value;
  return invalid(
    'backoff',
    `got ${JSON.stringify(value)}`,
    "Give { type: 'exponential' or 'fixed', delay: whole milliseconds, jitter: 0 to 1 }.",
  );
}

function invalid(option: string, given: string, todo: string): never {
  return invalidStoreOption(OWNER, option, given, todo);
}
