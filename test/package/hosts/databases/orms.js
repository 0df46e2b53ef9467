import { EntitySchema } from '@mikro-orm/core';
import { MikroORM as OnLibsql } from '@mikro-orm/libsql';
import { MikroORM as OnMariadb } from '@mikro-orm/mariadb';
import { MikroORM as OnMysql } from '@mikro-orm/mysql';
import { MikroORM as OnPostgres } from '@mikro-orm/postgresql';
import { claimsTableSql } from 'nestjs-gemini-webhooks';
import { DataSource } from 'typeorm';
import { statementsOf } from './databases.js';

/** TypeORM and MikroORM. */
export async function* orms(databases) {
  yield* ofTypeorm(databases);
  yield* ofMikroOrm(databases);
}

async function* ofTypeorm({ postgres, mysql }) {
  const of = async function* (options) {
    const source = await new DataSource(options).initialize();
    if (options.type === 'sqljs') {
      for (const statement of statementsOf(claimsTableSql('sqlite'))) await source.query(statement);
    }
    const name = `TypeORM on ${options.type}`;
    yield { name, root: source, transaction: (work) => source.transaction(work) };
    yield { name: `${name}, by query runner`, root: source.manager, transaction: (work) => byRunner(source, work) };
    await source.destroy();
  };

  yield* of({ ...postgres, type: 'postgres', username: postgres.user });
  if (mysql) {
    yield* of({ ...mysql, type: 'mysql', username: mysql.user });
    yield* of({ ...mysql, type: 'mariadb', username: mysql.user });
  }
  yield* of({ type: 'sqljs' });
}

async function byRunner(source, work) {
  const runner = source.createQueryRunner();
  await runner.startTransaction();
  try {
    const result = await work(runner);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

/** MikroORM wants at least one entity. */
const Effect = new EntitySchema({ name: 'Effect', properties: { id: { type: 'number', primary: true } } });

async function* ofMikroOrm({ postgres, mysql, file }) {
  const of = async function* (name, MikroORM, { database, ...options }) {
    const orm = await MikroORM.init({ ...options, dbName: database, entities: [Effect], debug: false });
    if (MikroORM === OnLibsql) {
      for (const statement of statementsOf(claimsTableSql('sqlite'))) await orm.em.getConnection().execute(statement);
    }
    yield { name: `MikroORM on ${name}`, root: orm.em, transaction: (work) => orm.em.fork().transactional(work) };
    await orm.close();
  };

  yield* of('PostgreSQL', OnPostgres, postgres);
  if (mysql) {
    yield* of('MySQL', OnMysql, mysql);
    yield* of('MariaDB', OnMariadb, mysql);
  }
  yield* of('libSQL', OnLibsql, { database: file() });
}
