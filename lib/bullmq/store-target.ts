import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { GeminiWebhooksError } from '../errors.js';

/** Which store, and how to reach it. */
export type StoreTarget =
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'redis'; readonly client: Redis }
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'postgres'; readonly pool: Pool };

/** @throws GeminiWebhooksError `invalid_option` */
export function storeTarget(
  owner: string,
  { url, connection }: { readonly url?: string | undefined; readonly connection?: Redis | Pool | undefined },
  environmentUrl: string | undefined,
): StoreTarget {
  if (connection !== undefined) {
    if (url !== undefined) invalidStoreOption(owner, 'url and connection', 'got both', 'Give one of them.');
    if (isPool(connection)) return { kind: 'postgres', pool: connection };
    if (isRedis(connection)) return { kind: 'redis', client: connection };
    invalidStoreOption(owner, 'connection', 'is neither', 'Give an ioredis client or a pg Pool.');
  }
  const given = url ?? environmentUrl;
  if (given === undefined || given === null || given === '')
    invalidStoreOption(owner, 'url', 'got none', 'Set GEMINI_WEBHOOK_INBOX_URL, or give url or connection.');
  const scheme = URL.canParse(given) ? new URL(given).protocol : '';
  if (/^rediss?:$/.test(scheme)) return { kind: 'redis', url: given };
  if (/^postgres(ql)?:$/.test(scheme)) return { kind: 'postgres', url: given };
  // The rest of a URL may hold a password.
  return invalidStoreOption(
    owner,
    'url',
    `got one that begins with ${JSON.stringify(scheme)}`,
    'Give redis://, rediss://, postgres:// or postgresql://.',
  );
}

/** A name that is fit for a key's prefix, a queue and a PostgreSQL schema. */
export function checkedName(owner: string, option: string, value: string | undefined): string | undefined {
  if (value === undefined || (typeof value === 'string' && /^[\w.-]{1,63}$/.test(value))) return value;
  return invalidStoreOption(
    owner,
    option,
    `got ${JSON.stringify(value)}`,
    'Give 1 to 63 letters, digits, ".", "_" or "-".',
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

function isRedis(value: unknown): value is Redis {
  const { duplicate, status } = (value ?? {}) as Partial<Redis>;
  return typeof duplicate === 'function' && typeof status === 'string';
}
