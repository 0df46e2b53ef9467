import type { PoolConfig } from 'pg';
import { messageOf } from '../../../errors.js';
import { invalidStoreOption, type StoreTarget } from '../store-target.js';

/** Settings that BullMQ and the inbox set as well. pg prefers those of a URL, which would drop BullMQ's `search_path`. */
const SHARED = ['options', 'application_name', 'statement_timeout', 'query_timeout'] as const;

/** A PostgreSQL server. */
export type PostgresTarget = Extract<StoreTarget, { kind: 'postgres' }>;

/** Returns connection options from a URL or from the app's own pool. */
export function connectionOptions(target: PostgresTarget): PoolConfig {
  const options = 'url' in target ? { connectionString: target.url } : optionsOf(target.pool);
  return {
    ...options,
    ...(typeof options.connectionString === 'string' && withoutShared(options.connectionString)),
    keepAlive: true,
  };
}

/** Includes the password, which a pool makes non-enumerable in its options. */
export function optionsOf({
  options,
}: Pick<Extract<PostgresTarget, { pool: unknown }>['pool'], 'options'>): PoolConfig {
  return { ...options, ...(options.password !== undefined && { password: options.password }) };
}

/** Moves the shared settings from the URL to options. */
function withoutShared(url: string): PoolConfig {
  const [, address = url, query = '', rest = ''] = /^([^?#]*)\??([^#]*)(.*)$/s.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  const moved: [string, string][] = [];
  for (const name of SHARED) {
    const value = parameters.getAll(name).at(-1);
    if (value !== undefined) moved.push([name, value]);
    parameters.delete(name);
  }
  if (moved.length === 0) return { connectionString: url };
  return { connectionString: `${address}?${parameters.toString()}${rest}`, ...Object.fromEntries(moved) };
}

/**
 * Lets the driver parse the connection options at start, since an error there would fail every connection.
 *
 * @throws GeminiWebhooksError `invalid_option` with the driver's reason
 */
export function checkConnection(owner: string, target: PostgresTarget, read: (config: PoolConfig) => unknown): void {
  try {
    read(connectionOptions(target));
  } catch (error) {
    const option = 'url' in target ? 'url' : 'connection';
    invalidStoreOption(owner, option, `pg cannot use it: ${messageOf(error)}`, 'Correct it.');
  }
}
