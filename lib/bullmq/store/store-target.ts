import type { Cluster, Redis } from 'ioredis';
import type { Pool } from 'pg';
import { GeminiWebhooksError } from '../../errors.js';
import { describe, quoted } from '../../shared/check-object.js';
import { readStoreUrl } from './store-url.js';
import { ENCODE_CREDENTIALS, hasUnencodedCredentials } from './url-password.js';

/** Kind of store and how to connect to it. */
export type StoreTarget =
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'redis'; readonly client: Redis | Cluster }
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'postgres'; readonly pool: Pool };

/** @throws GeminiWebhooksError `invalid_option` */
export function storeTarget(
  owner: string,
  { url, connection }: { readonly url?: string | undefined; readonly connection?: Redis | Cluster | Pool | undefined },
  environmentUrl: string | undefined,
): StoreTarget {
  if (connection !== undefined) {
    if (url !== undefined) invalidStoreOption(owner, 'url and connection', 'got both', 'Give one of them.');
    if (isPool(connection)) return { kind: 'postgres', pool: connection };
    if (isRedis(connection)) return { kind: 'redis', client: connection };
    const todo =
      'Give an ioredis client (Redis or Cluster, ioredis 5 or later) or a pg Pool, or leave it out and give url.';
    invalidStoreOption(
      owner,
      'connection',
      `is neither an ioredis client nor a pg Pool, but ${describeConnection(connection)}`,
      todo,
    );
  }
  const given = url ?? environmentUrl;
  if (given === undefined || given === null || (typeof given === 'string' && given.trim() === ''))
    invalidStoreOption(owner, 'url', 'got none', 'Set GEMINI_WEBHOOK_INBOX_URL, or give url or connection.');
  if (typeof given !== 'string') return invalidStoreOption(owner, 'url', `got ${describe(given)}`, 'Give a URL.');
  if (hasUnencodedCredentials(given)) {
    const cause = 'the user name or password contains a character that is not percent-encoded';
    invalidStoreOption(owner, 'url', cause, ENCODE_CREDENTIALS);
  }
  const read = readStoreUrl(given);
  if (read.kind === undefined) return invalidStoreOption(owner, 'url', read.fault, read.todo);
  return read.kind === 'redis' ? { kind: 'redis', url: given } : { kind: 'postgres', url: given };
}

/** A server in cluster mode needs this: BullMQ uses many keys of a queue in one request. */
export const SET_HASH_TAG = "Set prefix: '{gemini}': the hash tag keeps all keys in one slot.";

const HASH_TAG = /^[\w.-]*\{[\w.-]+\}[\w.-]*$/;

/** True if all keys with this prefix are in the same slot of a Redis cluster. */
export function hasHashTag(prefix: string | undefined): boolean {
  return prefix !== undefined && HASH_TAG.test(prefix);
}

/** Checks the prefix of Redis keys, which may contain a hash tag, or the PostgreSQL schema. */
export function checkedPrefix(
  owner: string,
  value: string | undefined,
  { kind }: Pick<StoreTarget, 'kind'>,
): string | undefined {
  if (kind === 'redis' && typeof value === 'string' && value.length <= 63 && hasHashTag(value)) return value;
  return checkedName(
    owner,
    'prefix',
    value,
    kind === 'redis' ? ` A hash tag such as '{gemini}' is allowed as well.` : '',
  );
}

/**
 * Checks the prefix of an inbox. BullMQ takes fewer names of schemas than PostgreSQL, which keeps `pg_` for itself: the store
 * would refuse others again and again.
 */
export function checkedInboxPrefix(
  owner: string,
  value: string | undefined,
  target: Pick<StoreTarget, 'kind'>,
): string | undefined {
  if (target.kind === 'redis' || value === undefined) return checkedPrefix(owner, value, target);
  if (typeof value === 'string' && /^(?!pg_)[A-Za-z_]\w{0,62}$/.test(value)) return value;
  return invalidStoreOption(
    owner,
    'prefix',
    `got ${quoted(value)}`,
    'On PostgreSQL it is a schema: give 1 to 63 letters, digits or "_", without a digit or "pg_" at the start.',
  );
}

/** Checks a name that must work as a key prefix, a queue name and a PostgreSQL schema. */
export function checkedName(owner: string, option: string, value: string | undefined, more = ''): string | undefined {
  if (value === undefined || (typeof value === 'string' && /^[\w.-]{1,63}$/.test(value))) return value;
  return invalidStoreOption(
    owner,
    option,
    `got ${quoted(value)}`,
    `Give 1 to 63 letters, digits, ".", "_" or "-".${more}`,
  );
}

export function checkedFlag(owner: string, option: string, value: boolean | undefined): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  return invalidStoreOption(owner, option, `got ${JSON.stringify(value)}`, 'Give true or false.');
}

export function invalidStoreOption(owner: string, option: string, given: string, todo: string): never {
  throw new GeminiWebhooksError('invalid_option', `${owner}: ${option}: ${given}. ${todo}`);
}

function isPool(value: unknown): value is Pool {
  const { connect, query, totalCount } = (value ?? {}) as Partial<Pool>;
  return typeof connect === 'function' && typeof query === 'function' && typeof totalCount === 'number';
}

function isRedis(value: unknown): value is Redis | Cluster {
  const { duplicate, status } = (value ?? {}) as Partial<Redis>;
  return typeof duplicate === 'function' && typeof status === 'string' && !isOldRedis(value);
}

/** True for a client of ioredis 4 or earlier, which has no `isCluster`. */
function isOldRedis(value: unknown): boolean {
  const { duplicate, isCluster: flag } = (value ?? {}) as { duplicate?: unknown; isCluster?: unknown };
  return typeof duplicate === 'function' && typeof flag !== 'boolean';
}

/** Describes a value by its class name only: its fields may contain a password. */
function describeConnection(value: unknown): string {
  if (typeof value !== 'object' || value === null) return describe(value);
  const { duplicate, query, connect } = value as { duplicate?: unknown; query?: unknown; connect?: unknown };
  if (typeof duplicate === 'function' && isOldRedis(value)) return 'a client of ioredis 4 or earlier';
  if (typeof query === 'function' && typeof connect === 'function') return 'a single pg Client';
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' && !Array.isArray(value)
    ? `an instance of ${name}`
    : describe(value);
}
