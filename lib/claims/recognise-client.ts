import { GeminiWebhooksError } from '../errors.js';
import { checkedDialect, type GeminiClaimsDialect } from './claims-table.js';
import { mysql, pg, postgresJs, sqlite } from './clients/drivers.js';
import { drizzle } from './clients/drizzle.js';
import { knex, kysely, mikroOrm, prisma } from './clients/query-builders.js';
import { typeorm } from './clients/typeorm.js';
import type { ClientLike, ClientRecogniser, DatabaseClient } from './database-client.js';

/** The most specific first: an ORM's objects may look like a driver's. */
const RECOGNISERS: readonly ClientRecogniser[] = [
  prisma,
  mikroOrm,
  kysely,
  knex,
  drizzle,
  typeorm,
  postgresJs,
  sqlite,
  mysql,
  pg,
];

const SUPPORTED =
  'a transaction of pg, postgres.js, mysql2, mariadb, better-sqlite3, node:sqlite, TypeORM, Drizzle, Kysely, Knex, Prisma or MikroORM';

/** A client whose dialect is known. */
export type KnownClient = DatabaseClient & { readonly dialect: GeminiClaimsDialect };

/**
 * Returns the database client, whichever library it is from.
 *
 * @param dialect the caller's choice if the client does not tell
 * @throws GeminiWebhooksError `invalid_argument` for anything else
 */
export function recogniseClient(value: unknown, dialect?: unknown): KnownClient {
  const given = dialect === undefined ? undefined : checkedDialect(dialect);
  const isClient = (typeof value === 'object' && value !== null) || typeof value === 'function';
  if (isClient) {
    for (const recognise of RECOGNISERS) {
      const client = recognise(value as ClientLike);
      if (client) return withDialect(client, given);
    }
  }
  throw new GeminiWebhooksError(
    'invalid_argument',
    `${isClient ? 'This object' : `The given value (${value === null ? 'null' : typeof value})`} cannot run SQL in a way that is known here: give ${SUPPORTED}.`,
  );
}

function withDialect(client: DatabaseClient, given: GeminiClaimsDialect | undefined): KnownClient {
  const dialect = given ?? client.dialect;
  if (dialect) return { ...client, dialect };
  throw new GeminiWebhooksError(
    'invalid_argument',
    `It cannot be told which database ${client.name} is connected to: give { dialect: 'postgres' }, 'mysql' or 'sqlite'.`,
  );
}
