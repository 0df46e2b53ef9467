import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** A database that only one test uses. */
export interface OwnDatabase {
  readonly url: string;
  /** Number of open connections. PostgreSQL lists one that its client has closed until that backend has exited. */
  connections(): Promise<number>;
  remove(): Promise<void>;
}

/** @param server URL of another database on the same server */
export async function ownDatabase(server: string): Promise<OwnDatabase> {
  const name = `own_${randomUUID().replaceAll('-', '')}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const backends = async () => {
    const { rows } = await admin.query<{ pid: number }>('SELECT pid FROM pg_stat_activity WHERE datname = $1', [name]);
    return rows.map(({ pid }) => pid);
  };
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    async connections() {
      const before = new Set(await backends());
      await admin.query('SELECT pg_sleep(0.02)');
      return (await backends()).filter((pid) => before.has(pid)).length;
    },
    async remove() {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
