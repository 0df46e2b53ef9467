import { loadBullmq } from '../optional-peers.js';
import { creating, migrating, using, explainMissingPrivilege, type PostgresQueries } from './postgres-privileges.js';

const CREATES_SCHEMA = /^\s*CREATE SCHEMA IF NOT EXISTS /i;

/**
 * Migrates BullMQ's schema. Checks its version first, so that a role without CREATE can use an up-to-date schema.
 *
 * @param client a single session, not a pool
 * @throws GeminiWebhooksError `invalid_option` if the role lacks a privilege; the message names it
 */
export async function migrateSchema(client: PostgresQueries, schema: string): Promise<void> {
  const bullmq = await loadBullmq();
  const version = await explainMissingPrivilege(client, using(schema), () => schemaVersion(client, schema));
  if (version >= bullmq.LATEST_SCHEMA_VERSION) return;
  const schemaExists = await hasSchema(client, schema);
  const work = schemaExists
    ? migrating(schema, version, bullmq.LATEST_SCHEMA_VERSION)
    : creating(`create the schema "${schema}"`, { schema, inSchema: false });
  await explainMissingPrivilege(client, work, () =>
    bullmq.runMigrations((schemaExists ? withoutCreatingSchemas(client) : client) as never, schema),
  );
}

/** Returns the schema's version, or 0 if it is missing or empty. */
async function schemaVersion(client: PostgresQueries, schema: string): Promise<number> {
  const bullmq = await loadBullmq();
  try {
    return await bullmq.assertSchemaCompatibility(client as never, schema);
  } catch (error) {
    if (error instanceof bullmq.SchemaMigrationRequiredError) return 0;
    throw error;
  }
}

async function hasSchema(client: PostgresQueries, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS exists',
    [schema],
  );
  return rows[0]?.exists === true;
}

/** PostgreSQL requires CREATE on the database even if the schema exists, and the schema's owner may lack that. */
function withoutCreatingSchemas(client: PostgresQueries): PostgresQueries {
  return {
    query: async (text, values) => (CREATES_SCHEMA.test(text) ? { rows: [] } : client.query(text, values)),
  };
}
