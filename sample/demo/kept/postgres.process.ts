import { keep } from './keeper.js';
import { startPostgres } from './postgres-server.js';

/** What the launcher is told of the PostgreSQL that comes with the sample. */
export interface PostgresDetails {
  readonly url: string;
  /** What had to be done before it could start, for whoever runs the demo. */
  readonly notes: readonly string[];
}

// A process of its own also because the package takes the signals and the exit code of the one that it is in.
await keep('postgres', async (folder) => {
  const server = await startPostgres(folder.path);
  return {
    details: { url: server.url, notes: server.notes } satisfies PostgresDetails,
    end: () => server.stop(),
  };
});
