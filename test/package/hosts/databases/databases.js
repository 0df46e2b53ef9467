import mysql from 'mysql2/promise';
import { claimsTableSql } from 'nestjs-gemini-webhooks';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** The single statements of a script, for clients that take one at a time. */
export const statementsOf = (sql) => sql.split(';').filter((statement) => statement.trim() !== '');

/** Databases of this program with the claims table. The table is created twice, as a migration may. */
export async function createDatabases(servers) {
  const name = `claims_${randomBytes(8).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'claims-'));
  const admin = new pg.Client(servers.postgres);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const postgres = optionsOf(servers.postgres, name);
  const client = new pg.Client(postgres);
  await client.connect();
  for (let time = 1; time <= 2; time += 1) await client.query(claimsTableSql('postgres'));
  await client.end();

  const mysqlAdmin = servers.mysql === undefined ? undefined : await mysql.createConnection(servers.mysql);
  const mysqlOptions = mysqlAdmin && optionsOf(servers.mysql, name);
  await mysqlAdmin?.query(`CREATE DATABASE ${name}`);
  await mysqlAdmin?.query(`USE ${name}`);
  for (let time = 1; time <= 2; time += 1) await mysqlAdmin?.query(claimsTableSql('mysql'));

  let files = 0;
  return {
    /** Options of a connection: host, port, user, password and database. */
    postgres,
    /** `undefined` where there is no MySQL or MariaDB. */
    mysql: mysqlOptions,
    /** A file for SQLite. */
    file: () => join(folder, `${++files}.sqlite`),
    async remove() {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await mysqlAdmin?.query(`DROP DATABASE ${name}`);
      rmSync(folder, { recursive: true });
    },
  };
}

function optionsOf(server, database) {
  const { hostname, port, username, password } = new URL(server);
  return {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    database,
  };
}
