import type { GeminiClaimsDialect } from '../claims-table.js';
import { call, has, type ClientLike, type ClientRecogniser } from '../database-client.js';

interface DataSourceLike {
  readonly options?: { readonly type?: unknown };
}

/** `DataSource`, `EntityManager` and `QueryRunner` of TypeORM. A manager outside a transaction has no query runner. */
export const typeorm: ClientRecogniser = (client) => {
  const source = has(client, 'createQueryRunner') ? client : (client['dataSource'] ?? client['connection']);
  const { options } = (source ?? {}) as DataSourceLike;
  if (typeof options?.type !== 'string' || !has(client, 'query')) return undefined;
  const runner = 'isTransactionActive' in client ? client : (client['queryRunner'] as ClientLike | undefined);
  return {
    name: 'a TypeORM manager, query runner or data source',
    dialect: dialectOf(options.type),
    isTransaction: runner?.['isTransactionActive'] === true,
    query: (sql) => call(client, 'query', sql),
  };
};

function dialectOf(type: string): GeminiClaimsDialect | undefined {
  if (/postgres|cockroach/.test(type)) return 'postgres';
  if (/mysql|mariadb/.test(type)) return 'mysql';
  return /sql(ite|js)|capacitor|cordova|expo|nativescript/.test(type) ? 'sqlite' : undefined;
}
