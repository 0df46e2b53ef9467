import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { SAMPLE_FOLDER } from '../sample-folder.js';

/** Any number that no other program of the database takes. */
const LOCK = 4_711_007;

/** Brings the tables up to date: one process at a time, whichever starts first, the others wait for it. */
export async function migrateDatabase(pool: Pool): Promise<void> {
  const client = await pool.connect();
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
