import { call, has, type ClientLike, type ClientRecogniser } from '../database-client.js';

/** Under this symbol each class of Drizzle has its name, which minifiers keep. */
const KIND = Symbol.for('drizzle:entityKind');

/** Drizzle's databases and transactions. */
export const drizzle: ClientRecogniser = (client) => {
  const kinds = kindsOf(client).join(' ');
  if (!/Database|Transaction/.test(kinds)) return undefined;
  const isSqlite = /SQLite/.test(kinds);
  const isPostgres = /\bPg/.test(kinds);
  const isMysql = /\bMySql/.test(kinds);
  const method = isSqlite ? 'all' : 'execute';
  if (!has(client, method)) return undefined;
  return {
    name: 'a Drizzle database or transaction',
    dialect: isSqlite ? 'sqlite' : isPostgres ? 'postgres' : isMysql ? 'mysql' : undefined,
    isTransaction: /Transaction/.test(kinds) && !hasEnded(client),
    isSync: isSqlite && client['resultKind'] === 'sync',
    query: (sql) => call(client, method, sql),
  };
};

/** True for a transaction on `pg` whose connection is in none any more. */
function hasEnded({ session }: ClientLike): boolean {
  const { client } = (session ?? {}) as { readonly client?: ClientLike };
  return client !== undefined && has(client, 'getTransactionStatus') && call(client, 'getTransactionStatus') === 'I';
}

function kindsOf({ constructor }: ClientLike): string[] {
  const kinds: string[] = [];
  for (let one: unknown = constructor; typeof one === 'function'; one = Object.getPrototypeOf(one)) {
    const kind = (one as { readonly [KIND]?: unknown })[KIND];
    if (typeof kind === 'string') kinds.push(kind);
  }
  return kinds;
}
