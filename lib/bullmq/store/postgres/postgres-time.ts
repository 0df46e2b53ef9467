import type { PostgresQueries } from './postgres-privileges.js';

/** Returns the server's time, in Unix milliseconds. */
export async function postgresTime(client: PostgresQueries): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
  );
  return rows[0]!.ms;
}
