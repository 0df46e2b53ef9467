import type { GeminiClaimsDialect } from '../claims-table.js';
import { call, has, type ClientLike, type ClientRecogniser } from '../database-client.js';

interface KyselyAdapter {
  readonly supportsTransactionalDdl?: boolean;
  readonly supportsReturning?: boolean;
  readonly supportsOutput?: boolean;
}

/** Kysely's databases and transactions. An adapter tells what its database can do, not which it is. */
export const kysely: ClientRecogniser = (client) => {
  if (!has(client, 'executeQuery', 'getExecutor') || typeof client['isTransaction'] !== 'boolean') return undefined;
  const { adapter = {} } = call(client, 'getExecutor') as { readonly adapter?: KyselyAdapter };
  return {
    name: 'a Kysely database or transaction',
    dialect: kyselyDialect(adapter),
    isTransaction: client['isTransaction'],
    query: (sql) =>
      call(client, 'executeQuery', {
        sql,
        parameters: [],
        query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
        queryId: { queryId: sql },
      }),
  };
};

function kyselyDialect(adapter: KyselyAdapter): GeminiClaimsDialect | undefined {
  // Microsoft's SQL Server has OUTPUT.
  if (adapter.supportsOutput) return undefined;
  if (!adapter.supportsReturning) return 'mysql';
  return adapter.supportsTransactionalDdl ? 'postgres' : 'sqlite';
}

const KNEX_DIALECTS: Readonly<Record<string, GeminiClaimsDialect>> = {
  postgresql: 'postgres',
  cockroachdb: 'postgres',
  mysql: 'mysql',
  sqlite3: 'sqlite',
};

/** Knex instances and transactions, which are functions. */
export const knex: ClientRecogniser = (client) => {
  const { dialect } = (client['client'] ?? {}) as { readonly dialect?: unknown };
  if (!has(client, 'raw') || typeof dialect !== 'string') return undefined;
  return {
    name: 'a Knex instance or transaction',
    dialect: Object.hasOwn(KNEX_DIALECTS, dialect) ? KNEX_DIALECTS[dialect] : undefined,
    isTransaction: client['isTransaction'] === true && !(has(client, 'isCompleted') && call(client, 'isCompleted')),
    query: (sql) => call(client, 'raw', sql),
  };
};

const PRISMA_DIALECTS: Readonly<Record<string, GeminiClaimsDialect>> = {
  postgresql: 'postgres',
  postgres: 'postgres',
  cockroachdb: 'postgres',
  mysql: 'mysql',
  sqlite: 'sqlite',
};

/** Prisma's client, and the one of an interactive transaction, which can neither connect nor disconnect. */
export const prisma: ClientRecogniser = (client) => {
  if (!has(client, '$queryRawUnsafe')) return undefined;
  const provider = client['_activeProvider'];
  return {
    name: 'a Prisma client',
    dialect:
      typeof provider === 'string' && Object.hasOwn(PRISMA_DIALECTS, provider) ? PRISMA_DIALECTS[provider] : undefined,
    isTransaction: !has(client, '$connect') && !has(client, '$disconnect'),
    query: (sql) => call(client, '$queryRawUnsafe', sql),
  };
};

/** MikroORM's entity managers. */
export const mikroOrm: ClientRecogniser = (client) => {
  if (!has(client, 'isInTransaction', 'getConnection', 'execute', 'getDriver')) return undefined;
  const platform = call(call(client, 'getDriver') as ClientLike, 'getPlatform') as object;
  return {
    name: 'a MikroORM entity manager',
    dialect: mikroDialect(platform.constructor.name),
    isTransaction: call(client, 'isInTransaction') === true,
    query: (sql) => call(client, 'execute', sql),
  };
};

function mikroDialect(platform: string): GeminiClaimsDialect | undefined {
  if (/Postgre/i.test(platform)) return 'postgres';
  if (/MySql|MariaDb/i.test(platform)) return 'mysql';
  return /Sqlite|LibSql/i.test(platform) ? 'sqlite' : undefined;
}
