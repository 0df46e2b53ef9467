import { call, has, type ClientLike, type ClientRecogniser } from '../database-client.js';

/** `Client` and `Pool` of `pg`. Later versions of 8 tell the transaction status: `T` is one, `E` a failed one. */
export const pg: ClientRecogniser = (client) => {
  if (!has(client, 'query', 'connect')) return undefined;
  if ('totalCount' in client && 'idleCount' in client) return ofPool(client, 'a pg Pool', 'postgres');
  if (!has(client, 'escapeIdentifier', 'escapeLiteral')) return undefined;
  return {
    name: 'a pg client',
    dialect: 'postgres',
    isTransaction: has(client, 'getTransactionStatus')
      ? ['T', 'E'].includes(call(client, 'getTransactionStatus') as string)
      : undefined,
    query: (sql) => call(client, 'query', sql),
  };
};

/** Connections and pools of `mysql2`, with promises or callbacks, and of `mariadb`. */
export const mysql: ClientRecogniser = (client) => {
  if (has(client, 'query', 'getConnection')) return ofPool(client, 'a MySQL pool', 'mysql');
  if (!has(client, 'query', 'beginTransaction', 'commit')) return undefined;
  const connection = has(client, 'promise') ? (call(client, 'promise') as ClientLike) : client;
  return {
    name: 'a MySQL connection',
    dialect: 'mysql',
    isTransaction: undefined,
    ranInTransaction: (result) => isInTransaction(statusAfter(connection, result)),
    query: (sql) => call(connection, 'query', sql),
  };
};

/** The server's status flags: mysql2 has them in the result's header, mariadb on the connection. */
function statusAfter(connection: ClientLike, result: unknown): unknown {
  const [header] = Array.isArray(result) ? (result as readonly unknown[]) : [];
  const { serverStatus } = (header ?? {}) as { readonly serverStatus?: unknown };
  return serverStatus ?? (connection['info'] as { readonly status?: unknown } | undefined)?.status;
}

const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;

/** Without autocommit each statement is in a transaction. */
function isInTransaction(status: unknown): boolean | undefined {
  return typeof status === 'number' ? (status & IN_TRANSACTION) !== 0 || (status & AUTOCOMMIT) === 0 : undefined;
}

/** `Database` of `better-sqlite3`, and `DatabaseSync` of `node:sqlite`. */
export const sqlite: ClientRecogniser = (client) => {
  if (!has(client, 'prepare', 'exec')) return undefined;
  const isTransaction = client['inTransaction'] ?? client['isTransaction'];
  if (typeof isTransaction !== 'boolean') return undefined;
  return {
    name: 'a SQLite database',
    dialect: 'sqlite',
    isTransaction,
    isSync: true,
    query: (sql) => call(call(client, 'prepare', sql) as ClientLike, 'all'),
  };
};

/** `sql` of postgres.js. Only a transaction has savepoints. */
export const postgresJs: ClientRecogniser = (client) =>
  has(client, 'unsafe') && (has(client, 'begin') || has(client, 'savepoint'))
    ? {
        name: 'sql of postgres.js',
        dialect: 'postgres',
        isTransaction: has(client, 'savepoint'),
        query: (sql) => call(client, 'unsafe', sql),
      }
    : undefined;

function ofPool(pool: ClientLike, name: string, dialect: 'postgres' | 'mysql') {
  const client = has(pool, 'promise') ? (call(pool, 'promise') as ClientLike) : pool;
  return { name, dialect, isTransaction: false, query: (sql: string) => call(client, 'query', sql) };
}
