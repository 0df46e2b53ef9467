import { GeminiWebhooksError } from '../errors.js';
import { CLAIMS_TABLE, type GeminiClaimsDialect } from './claims-table.js';
import { returnedRows } from './database-client.js';
import { recogniseClient, type KnownClient } from './recognise-client.js';

/**
 * Deletes the claims that were made before a time. Keep claims for as long as their events can run: on a durable inbox
 * `keepFailedMs` (14 days by default) after the last failure, on the inline inbox the 24 hours of Google's retries. An event
 * that is replayed after its claim is gone has its effect again.
 *
 * @param db a pool, connection, transaction or ORM client, as `context.claim` takes them
 * @param olderThan a time, or an age in milliseconds
 * @returns the number of deleted claims
 * @example
 * await pruneClaims(pool, 30 * 24 * 3_600_000);
 *
 * @throws GeminiWebhooksError `invalid_argument` for a wrong time, or if `db` cannot run SQL in a known way
 */
export async function pruneClaims(
  db: object,
  olderThan: Date | number,
  { dialect }: { readonly dialect?: GeminiClaimsDialect } = {},
): Promise<number> {
  const isAge = typeof olderThan === 'number';
  const before = new Date(isAge ? Date.now() - olderThan : olderThan);
  if (Number.isNaN(before.getTime()) || (isAge && olderThan < 0)) {
    throw new GeminiWebhooksError('invalid_argument', '`olderThan` must be a valid Date, or an age in milliseconds.');
  }
  const client = recogniseClient(db, dialect);
  const old = `SELECT claim FROM ${CLAIMS_TABLE} WHERE claimed_at < ${timeIn[client.dialect](before)} LIMIT ${BATCH}`;
  for (let deleted = 0; ;) {
    const count = await deleteBatch(client, old);
    deleted += count;
    if (count < BATCH) return deleted;
  }
}

/** Rows of one statement: no transaction holds many locks, and no result is large. */
const BATCH = 1_000;

async function deleteBatch(client: KnownClient, old: string): Promise<number> {
  const remove = `DELETE FROM ${CLAIMS_TABLE} WHERE claim IN`;
  if (client.dialect === 'postgres') {
    return returnedRows(client, await client.query(`${remove} (${old}) RETURNING claim`)).length;
  }
  // MySQL has neither RETURNING nor LIMIT in a subquery. Some clients of SQLite return no rows of a DELETE, and better-sqlite3
  // takes none without RETURNING.
  const rows = returnedRows(client, await client.query(old)) as readonly { readonly claim: string }[];
  const ids = rows.map(({ claim }) => `'${claim}'`).join(', ');
  const returning = client.dialect === 'sqlite' ? ' RETURNING claim' : '';
  if (rows.length > 0) await client.query(`${remove} (${ids})${returning}`);
  return rows.length;
}

const timeIn: Readonly<Record<GeminiClaimsDialect, (time: Date) => string>> = {
  postgres: (time) => `to_timestamp(${time.getTime()} / 1000.0)`,
  mysql: (time) => `FROM_UNIXTIME(${time.getTime()} / 1000)`,
  sqlite: (time) => `'${time.toISOString()}'`,
};
