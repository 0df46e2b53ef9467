import { Client, DatabaseError } from 'pg';

const DEADLOCK = '40P01';
const ATTEMPTS = 10;

/**
 * Drops a test's schema. Statements of a killed process continue until PostgreSQL notices the closed connection
 * and may lock the tables in another order. PostgreSQL then aborts one of the two, possibly ours.
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
