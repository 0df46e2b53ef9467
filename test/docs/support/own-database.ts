import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { STORES } from '../../support/stores.js';

/** An empty PostgreSQL database for one test. */
export interface OwnDatabase {
  readonly url: string;
  query(sql: string): Promise<void>;
  /** Creates a role that may connect and has these rights. @param rights SQL about `"role"` @returns the role's URL */
  roleWith(rights: (role: string) => string): Promise<string>;
  remove(): Promise<void>;
}

export async function ownDatabase(): Promise<OwnDatabase> {
  const server = STORES.find(({ name }) => name === 'PostgreSQL')!.url;
  const name = `docs-${randomUUID()}`;
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const roles: string[] = [];
  await run(server, `CREATE DATABASE "${name}"`);
  return {
    url,
    query: (sql) => run(url, sql),
    async roleWith(rights) {
      const role = `role-${randomUUID()}`;
      roles.push(role);
      await run(url, `CREATE ROLE "${role}" LOGIN PASSWORD 'password'; ${rights(`"${role}"`)}`);
      return Object.assign(new URL(url), { username: role, password: 'password' }).href;
    },
    async remove() {
      await run(server, `DROP DATABASE "${name}" WITH (FORCE)`);
      for (const role of roles) await run(server, `DROP ROLE "${role}"`);
    },
  };
}

async function run(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
