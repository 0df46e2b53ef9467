import type { BackoffOptions, Telemetry } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { InboxHost } from '../inbox/inbox-engine.js';
import { checkObject, describe, quoted } from '../shared/check-object.js';
import { checkWholeNumbers } from '../config/numbers.js';
import { WORKER_ABSENT_MS } from './peers/handler-roster.js';
import {
  checkedFlag,
  checkedName,
  checkedInboxPrefix,
  hasHashTag,
  invalidStoreOption,
  SET_HASH_TAG,
  storeTarget,
  type StoreTarget,
} from './store/store-target.js';

/** Options of `bullmqInbox`. */
export interface BullmqInboxOptions {
  /**
   * `redis://`, `rediss://`, `postgres://`, `postgresql://` or `socket:`, as ioredis and pg take them.
   * @default `GEMINI_WEBHOOK_INBOX_URL`
   */
  readonly url?: string | undefined;
  /**
   * The app's ioredis client (`Redis` or `Cluster`) or pg `Pool`, instead of a URL. The inbox opens its own connections
   * with the same options and never closes this one. A `Cluster` needs a `prefix` with a hash tag.
   */
  readonly connection?: Redis | Cluster | Pool | undefined;
  /** @default 'gemini-webhooks'; for a module instance with another `name`, 'gemini-webhooks-' and that name */
  readonly queueName?: string | undefined;
  /**
   * Redis: the key prefix. A server in cluster mode needs a hash tag such as `'{gemini}'`, which keeps all keys in one
   * slot. PostgreSQL: the schema, of letters, digits and `_`.
   * @default 'bull', on PostgreSQL 'bullmq'
   */
  readonly prefix?: string | undefined;
  /**
   * Maximum number of events that one process handles concurrently.
   * @default 16
   */
  readonly concurrency?: number | undefined;
  /**
   * Maximum number of attempts at an event.
   * @default 12, which the default backoff spreads over about 24 h
   */
  readonly attempts?: number | undefined;
  /**
   * Delay between attempts, in BullMQ's format: `delay` in milliseconds, `jitter` from 0 to 1.
   * @default { type: 'exponential', delay: 42000, jitter: 0.2 }
   */
  readonly backoff?: BackoffOptions | undefined;
  /**
   * Retention of handled events and their keys, in milliseconds.
   * @default 172800000 (48 h)
   */
  readonly keepCompletedMs?: number | undefined;
  /**
   * Retention of events whose attempts are exhausted, in milliseconds.
   * @default 1209600000 (14 days)
   */
  readonly keepFailedMs?: number | undefined;
  /**
   * `false` only receives events; other processes handle them.
   * @default true
   */
  readonly workers?: boolean | undefined;
  /**
   * `true` migrates the PostgreSQL schema at start. Set `false` to run migrations yourself.
   * @default true
   */
  readonly migrate?: boolean | undefined;
  /**
   * How long shutdown waits for running handlers before it aborts their `context.signal`, in milliseconds.
   * @default 10000
   */
  readonly drainTimeoutMs?: number | undefined;
  /**
   * Time without a heartbeat after which a worker counts as dead and other workers take over its events, in milliseconds.
   * A handler that blocks the event loop for longer than this runs twice.
   * @default 30000
   */
  readonly lockDurationMs?: number | undefined;
  /** BullMQ telemetry that traces stored and handled events, such as `new BullMQOtel(…)` from `bullmq-otel`. */
  readonly telemetry?: Telemetry | undefined;
}

/** Validated options with defaults applied. */
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
  readonly telemetry: Telemetry | undefined;
}

/** Fixed durations, which only tests override. */
export interface InboxTiming {
  /** How long an event waits for a worker that has its handlers, in milliseconds. */
  readonly handlerWaitMs: number;
  /** Time without a worker's heartbeat after which a receive-only process warns, in milliseconds. */
  readonly workerAbsentMs: number;
}

export const INBOX_TIMING: InboxTiming = { handlerWaitMs: 15 * 60_000, workerAbsentMs: WORKER_ABSENT_MS };

const OWNER = 'bullmqInbox';

const OPTION_NAMES: Readonly<Record<keyof BullmqInboxOptions, true>> = {
  url: true,
  connection: true,
  queueName: true,
  prefix: true,
  concurrency: true,
  attempts: true,
  backoff: true,
  keepCompletedMs: true,
  keepFailedMs: true,
  workers: true,
  migrate: true,
  drainTimeoutMs: true,
  lockDurationMs: true,
  telemetry: true,
};
const DAY_MS = 86_400_000;

/** @throws GeminiWebhooksError `invalid_option` */
export function bullmqInboxConfig(
  options: BullmqInboxOptions,
  { registration, toleranceSeconds, inboxUrl }: Pick<InboxHost, 'registration' | 'toleranceSeconds' | 'inboxUrl'>,
): BullmqInboxConfig {
  checkNames(options);
  const minRetentionMs = DAY_MS + toleranceSeconds * 1000;
  const numbers = checkWholeNumbers(OWNER, options, {
    concurrency: { fallback: 16, min: 1, max: 10_000 },
    attempts: { fallback: 12, min: 2, max: 1_000 },
    keepCompletedMs: { fallback: 2 * DAY_MS, min: minRetentionMs, max: 366 * DAY_MS },
    keepFailedMs: { fallback: 14 * DAY_MS, min: minRetentionMs, max: 366 * DAY_MS },
    drainTimeoutMs: { fallback: 10_000, min: 0, max: 600_000 },
    lockDurationMs: { fallback: 30_000, min: 500, max: 3_600_000 },
  });
  const target = storeTarget(OWNER, options, inboxUrl);
  return {
    ...numbers,
    target,
    queueName: checkedName(OWNER, 'queueName', options.queueName) ?? defaultQueueName(registration),
    prefix: slotPrefix(options.prefix, target),
    backoff: checkedBackoff(options.backoff) ?? { type: 'exponential', delay: 42_000, jitter: 0.2 },
    workers: checkedFlag(OWNER, 'workers', options.workers) ?? true,
    migrate: checkedFlag(OWNER, 'migrate', options.migrate) ?? true,
    telemetry: checkedTelemetry(options.telemetry),
  };
}

/** Requires a hash tag on a cluster: without one, every request would fail. */
function slotPrefix(value: string | undefined, target: StoreTarget): string | undefined {
  const prefix = checkedInboxPrefix(OWNER, value, target);
  if ('client' in target && target.client.isCluster && !hasHashTag(prefix)) {
    const given = prefix === undefined ? 'got none' : `got ${JSON.stringify(prefix)}`;
    invalid('prefix', `${given}, and connection is a Cluster`, SET_HASH_TAG);
  }
  return prefix;
}

function checkedTelemetry(value: Telemetry | undefined): Telemetry | undefined {
  const { tracer, contextManager } = (value ?? {}) as Partial<Telemetry>;
  if (value === undefined || (typeof tracer?.startSpan === 'function' && typeof contextManager?.with === 'function'))
    return value;
  return invalid('telemetry', `got ${describe(value)}`, "Give BullMQ's, such as new BullMQOtel('app').");
}

/** Rejects unknown options: a misspelled one would silently have no effect. */
function checkNames(options: BullmqInboxOptions): void {
  checkObject(OWNER, options);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTION_NAMES, name));
  if (unknown !== undefined)
    invalid(unknown, 'is not an option', `The options are: ${Object.keys(OPTION_NAMES).join(', ')}.`);
}

/** Returns the queue name of a module instance that sets none. */
export function defaultQueueName(registration: string): string {
  return registration === 'default' ? 'gemini-webhooks' : `gemini-webhooks-${registration}`;
}

/** Validates at start: BullMQ would report an invalid backoff only after the first failed attempt. */
function checkedBackoff(value: BackoffOptions | undefined): BackoffOptions | undefined {
  if (value === undefined) return undefined;
  const { type, delay, jitter = 0 } = (value ?? {}) as Partial<BackoffOptions>;
  const known = type === 'fixed' || type === 'exponential';
  if (known && Number.isSafeInteger(delay) && delay! >= 0 && jitter >= 0 && jitter <= 1) return value;
  return invalid(
    'backoff',
    `got ${quoted(value)}`,
    "Give { type: 'exponential' or 'fixed', delay: whole milliseconds, jitter: 0 to 1 }.",
  );
}

function invalid(option: string, given: string, todo: string): never {
  return invalidStoreOption(OWNER, option, given, todo);
}
