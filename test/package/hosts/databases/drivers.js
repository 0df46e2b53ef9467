import Database from 'libsql';
import mariadb from 'mariadb';
import mysqlWithCallbacks from 'mysql2';
import mysql from 'mysql2/promise';
import { claimsTableSql } from 'nestjs-gemini-webhooks';
import pg from 'pg';
import postgres from 'postgres';

/** Drivers without an ORM. */
export async function* drivers(databases) {
  const pool = new pg.Pool(databases.postgres);
  yield { name: 'pg', root: pool, transaction: begun(() => pool.connect()) };
  const client = new pg.Client(databases.postgres);
  await client.connect();
  yield { name: 'pg, a single client', root: client, transaction: begun(async () => client, { release() {} }) };
  await client.end();
  await pool.end();

  const { host, port, user, password, database } = databases.postgres;
  const sql = postgres({ host, port, user, password, database, onnotice: () => undefined });
  yield { name: 'postgres.js', root: sql, transaction: (work) => sql.begin(work) };
  await sql.end();

  if (databases.mysql) yield* mysqlDrivers(databases.mysql);

  const file = new Database(databases.file());
  for (let time = 1; time <= 2; time += 1) file.exec(claimsTableSql('sqlite'));
  yield {
    name: 'better-sqlite3',
    isSync: true,
    root: file,
    transaction: (work) => file.transaction(() => work(file))(),
  };
  file.close();

  const { DatabaseSync } = await import('node:sqlite').catch(() => ({}));
  const ofNode = DatabaseSync && new DatabaseSync(':memory:');
  if (ofNode && 'isTransaction' in ofNode) yield* nodeSqlite(ofNode);
}

async function* mysqlDrivers(options) {
  for (const flags of [['FOUND_ROWS'], ['-FOUND_ROWS']]) {
    const promises = mysql.createPool({ ...options, flags });
    const name = `mysql2/promise, ${flags}`;
    yield { name, root: promises, transaction: begun(() => promises.getConnection()) };
    await promises.end();
  }

  const callbacks = mysqlWithCallbacks.createPool(options);
  const connect = () =>
    new Promise((resolve, reject) => {
      callbacks.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
    });
  const query = (connection, statement) => connection.promise().query(statement);
  yield { name: 'mysql2', root: callbacks, transaction: begun(connect, { query }) };
  await callbacks.promise().end();

  const pool = mariadb.createPool(options);
  yield { name: 'mariadb', root: pool, transaction: begun(() => pool.getConnection()) };
  await pool.end();

  // Such a connection tells only after a statement whether it is in a transaction.
  for (const [name, driver] of Object.entries({ 'mysql2/promise': mysql, mariadb })) {
    const connection = await driver.createConnection(options);
    yield {
      name: `${name}, a single connection`,
      root: connection,
      transaction: begun(() => connection, { release() {} }),
    };
    await connection.end();
  }
}

async function* nodeSqlite(database) {
  database.exec(claimsTableSql('sqlite'));
  const transaction = (work) => {
    database.exec('BEGIN');
    try {
      work(database);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  };
  yield { name: 'node:sqlite', isSync: true, root: database, transaction };
}

/** Transactions by hand, on a connection each. */
function begun(
  connect,
  { query = (connection, sql) => connection.query(sql), release = (connection) => connection.release() } = {},
) {
  return async (work) => {
    const connection = await connect();
    try {
      await query(connection, 'BEGIN');
      const result = await work(connection);
      await query(connection, 'COMMIT');
      return result;
    } catch (error) {
      await query(connection, 'ROLLBACK');
      throw error;
    } finally {
      release(connection);
    }
  };
}
