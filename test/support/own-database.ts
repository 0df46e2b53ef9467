import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** A database that only one test uses. */
export interface OwnDatabase {
  readonly url: string;
  /** Number of connections that clients have open now. Autovacuum's workers are listed beside them and are none. */
  connections(): Promise<number>;
  remove(): Promise<void>;
}

/** @param server URL of another database on the same server */
export async function ownDatabase(server: string): Promise<OwnDatabase> {
  const name = `own_${randomUUID().replaceAll('-', '')}`;
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    async connections() {
      const { rows } = await admin.query<{ count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
        [name],
      );
      return rows[0]!.count;
    },
    async remove() {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
