import type { PostgresQueries } from './postgres-privileges.js';

const SETTINGS = ['fsync', 'synchronous_commit', 'neon.timeline_id', 'autovacuum', 'track_counts'];

/**
 * Returns warnings about PostgreSQL settings, as they apply to this session, that can lose an acknowledged event or let a large
 * inbox become slow.
 */
export async function postgresWarnings(client: PostgresQueries): Promise<string[]> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
    [SETTINGS],
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  const warnings: string[] = [];
  if (settings.get('synchronous_commit') === 'off') {
    warnings.push(
      'PostgreSQL acknowledges writes before they are durable (synchronous_commit off): events accepted just before a crash are lost. Set synchronous_commit on, at least for this role.',
    );
  }
  // Neon turns fsync off because it replicates its log to other servers: neon.tech/docs/reference/compatibility.
  if (settings.get('fsync') === 'off' && !settings.has('neon.timeline_id')) {
    warnings.push(
      'PostgreSQL does not wait for its disk (fsync off): accepted events, and the database, can be lost when the machine crashes. Set fsync on.',
    );
  }
  // Without new statistics, connections keep the query plans that suited an empty table.
  const off = ['autovacuum', 'track_counts'].find((name) => settings.get(name) === 'off');
  if (off) {
    warnings.push(
      `PostgreSQL neither vacuums tables nor updates their statistics (${off} off): events are handled slower and slower as they accumulate. Set ${off} on.`,
    );
  }
  return warnings;
}
