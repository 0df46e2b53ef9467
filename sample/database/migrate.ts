import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { SAMPLE_FOLDER } from '../sample-folder.js';

/** Any number that no other program of the database takes. */
const LOCK = 4_711_007;

/**
 * Brings the tables up to date: one process at a time, whichever starts first, the others wait for it.
 *
 * @throws Error when the database cannot be reached, and what a migration fails with
 */
export async function migrateDatabase(pool: Pool): Promise<void> {
  const client = await pool.connect().catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`The database of DATABASE_URL cannot be reached: ${cause.message || cause.code}`, { cause });
  });
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await migrate(drizzle(client), {
      migrationsFolder: join(SAMPLE_FOLDER, 'database', 'migrations'),
      migrationsSchema: 'gemini_sample',
    });
  } finally {
    // The connection is not used again, and its lock ends with it.
    client.release(true);
  }
}
