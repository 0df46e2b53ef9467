import { GeminiWebhooksError } from '../errors.js';
import { CLAIMS_TABLE, type GeminiClaimsDialect } from './claims-table.js';
import { rowsOf } from './database-client.js';
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
  const before = typeof olderThan === 'number' ? Date.now() - olderThan : Number(olderThan);
  if (!Number.isFinite(before) || (typeof olderThan === 'number' && olderThan < 0)) {
    throw new GeminiWebhooksError('invalid_argument', '`olderThan` must be a valid Date, or an age in milliseconds.');
  }
  const client = recogniseClient(db, dialect);
  const old = `SELECT claim FROM ${CLAIMS_TABLE} WHERE claimed_at < ${timeIn[client.dialect](Math.floor(before))} LIMIT ${BATCH}`;
  for (let deleted = 0; ;) {
    const count = await deleteBatch(client, old);
    deleted += count;
    if (count < BATCH) return deleted;
  }
}

/** Rows of one statement: no transaction holds many locks, and no result is large. */
const BATCH = 1_000;

async function deleteBatch(client: KnownClient, old: string): Promise<number> {
  if (client.dialect !== 'mysql') {
    const result = await client.query(`DELETE FROM ${CLAIMS_TABLE} WHERE claim IN (${old}) RETURNING claim`);
    return rowsOf(result)?.length ?? 0;
  }
  // MySQL has neither RETURNING nor LIMIT in a subquery.
  const rows = (rowsOf(await client.query(old)) ?? []) as readonly { readonly claim: string }[];
  const ids = rows.map(({ claim }) => `'${claim}'`);
  if (ids.length > 0) await client.query(`DELETE FROM ${CLAIMS_TABLE} WHERE claim IN (${ids.join(', ')})`);
  return ids.length;
}

/** Unix milliseconds as the table stores them. */
const timeIn: Readonly<Record<GeminiClaimsDialect, (ms: number) => string>> = {
  postgres: (ms) => `to_timestamp(${ms} / 1000.0)`,
  mysql: (ms) => `FROM_UNIXTIME(${ms} / 1000)`,
  sqlite: (ms) => `'${new Date(ms).toISOString()}'`,
};
