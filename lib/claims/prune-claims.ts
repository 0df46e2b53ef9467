import { GeminiWebhooksError } from '../errors.js';
import { explained } from './claim.js';
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
  let deleted = 0;
  let previous: Batch | undefined;
  for (;;) {
    const batch = await deleteBatch(client, old).catch((error: unknown) => {
      throw explained(error);
    });
    // The transaction may still see rows that another process has deleted since it began.
    if (previous && batch.first !== undefined && batch.first === previous.first) return deleted - previous.count;
    deleted += batch.count;
    if (batch.count < BATCH) return deleted;
    previous = batch;
  }
}

/** Rows of one statement: no transaction holds many locks, and no result is large. */
const BATCH = 1_000;

interface Batch {
  readonly count: number;
  /** Id of the first row, where rows are selected before they are deleted. */
  readonly first?: string | undefined;
}

async function deleteBatch(client: KnownClient, old: string): Promise<Batch> {
  const remove = `DELETE FROM ${CLAIMS_TABLE} WHERE claim IN`;
  if (client.dialect === 'postgres') {
    return { count: returnedRows(client, await client.query(`${remove} (${old}) RETURNING claim`)).length };
  }
  // MySQL has neither RETURNING nor LIMIT in a subquery. Some clients of SQLite return no rows of a DELETE, and better-sqlite3
  // takes none without RETURNING.
  const ids = returnedRows(client, await client.query(old)).map(idOf);
  const returning = client.dialect === 'sqlite' ? ' RETURNING claim' : '';
  const list = ids.map((id) => `'${id}'`).join(', ');
  if (ids.length > 0) await client.query(`${remove} (${list})${returning}`);
  return { count: ids.length, first: ids[0] };
}

/** A client may return rows as lists of values. */
function idOf(row: unknown): string {
  const id: unknown = Array.isArray(row) ? row[0] : (row as { readonly claim?: unknown }).claim;
  if (typeof id === 'string' && /^[0-9a-f]{64}$/.test(id)) return id;
  throw new GeminiWebhooksError('invalid_argument', 'pruneClaims could not read the rows that the client returned.');
}

const timeIn: Readonly<Record<GeminiClaimsDialect, (time: Date) => string>> = {
  postgres: (time) => `to_timestamp(${time.getTime()} / 1000.0)`,
  mysql: (time) => `FROM_UNIXTIME(${time.getTime()} / 1000)`,
  sqlite: (time) => `'${time.toISOString()}'`,
};
