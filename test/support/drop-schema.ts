import { Client, DatabaseError } from 'pg';

const DEADLOCK = '40P01';
const ATTEMPTS = 10;

/**
 * Drops a test's schema. The statements of a process that was killed go on until PostgreSQL notices that it is gone,
 * and may lock the tables in another order: PostgreSQL then ends one of the two, which may be ours.
 */
export async function dropSchema(connectionString: string, schema: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof DatabaseError) || error.code !== DEADLOCK) throw error;
      }
    }
  } finally {
    await client.end();
  }
}
