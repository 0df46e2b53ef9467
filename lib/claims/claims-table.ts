import { GeminiWebhooksError } from '../errors.js';
import { quoted } from '../shared/check-object.js';

/** SQL dialect of an app's database. MariaDB is `mysql`, CockroachDB is `postgres`. */
export type GeminiClaimsDialect = 'postgres' | 'mysql' | 'sqlite';

export const CLAIMS_TABLE = 'gemini_webhook_claims';

export const CLAIMS_DIALECTS: readonly GeminiClaimsDialect[] = ['postgres', 'mysql', 'sqlite'];

/** `claim` is a SHA-256 in hex. `run` tells MySQL, which has no `RETURNING`, who inserted the row. */
const TABLES: Readonly<Record<GeminiClaimsDialect, string>> = {
  postgres: `CREATE TABLE IF NOT EXISTS ${CLAIMS_TABLE} (
  claim char(64) PRIMARY KEY,
  claimed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS ${CLAIMS_TABLE}_claimed_at ON ${CLAIMS_TABLE} (claimed_at);
`,
  mysql: `CREATE TABLE IF NOT EXISTS ${CLAIMS_TABLE} (
  claim char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  run char(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  claimed_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY ${CLAIMS_TABLE}_claimed_at (claimed_at)
) ENGINE = InnoDB;
`,
  sqlite: `CREATE TABLE IF NOT EXISTS ${CLAIMS_TABLE} (
  claim text NOT NULL PRIMARY KEY,
  claimed_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX IF NOT EXISTS ${CLAIMS_TABLE}_claimed_at ON ${CLAIMS_TABLE} (claimed_at);
`,
};

/**
 * Returns the SQL that creates the table for `context.claim(tx)`. It is safe to run again. Put it into a migration of your
 * database; `npx nestjs-gemini-webhooks sql --dialect <dialect>` prints the same.
 *
 * @throws GeminiWebhooksError `invalid_argument` for an unknown dialect
 */
export function claimsTableSql(dialect: GeminiClaimsDialect): string {
  return TABLES[checkedDialect(dialect)];
}

/** @throws GeminiWebhooksError `invalid_argument` for an unknown dialect */
export function checkedDialect(dialect: unknown): GeminiClaimsDialect {
  const known = CLAIMS_DIALECTS.find((one) => one === dialect);
  if (known) return known;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `The dialect ${quoted(dialect)} is unknown: give ${CLAIMS_DIALECTS.join(', ')}.`,
  );
}
