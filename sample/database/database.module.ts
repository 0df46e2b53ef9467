import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import { sampleSettings, type SampleSettings } from '../settings.js';
import { Changes } from './changes.js';
import { DATABASE } from './database.js';
import { migrateDatabase } from './migrate.js';
import * as schema from './schema.js';

const CONNECTIONS = 12;

/** The sample's store: PostgreSQL by drizzle-orm. Its tables are there, and up to date, before anything else starts. */
@Global()
@Module({
  providers: [
    {
      provide: Pool,
      inject: [sampleSettings.KEY],
      useFactory: async ({ databaseUrl, process }: SampleSettings) => {
        const pool = new Pool({
          connectionString: databaseUrl,
          max: CONNECTIONS,
          application_name: `sample ${process}`,
        });
        const logger = new Logger('Database');
        // Of a connection that nobody uses: the next query opens another.
        pool.on('error', (error) => logger.warn(`A connection was lost: ${error.message}`));
        await migrateDatabase(pool);
        return pool;
      },
    },
    { provide: DATABASE, inject: [Pool], useFactory: (pool: Pool) => drizzle(pool, { schema }) },
    Changes,
  ],
  exports: [DATABASE, Changes],
})
export class DatabaseModule implements OnApplicationShutdown {
  readonly #pool: Pool;

  constructor(@Inject(Pool) pool: Pool) {
    this.#pool = pool;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool.end();
  }
}
