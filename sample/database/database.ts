import type { NodePgDatabase, NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import type * as schema from './schema.js';

/** Injects the `Database`. */
export const DATABASE = Symbol('DATABASE');

/** The sample's store. */
export type Database = NodePgDatabase<typeof schema>;

/** The store, or a transaction on it. */
export type Queries = PgDatabase<NodePgQueryResultHKT, typeof schema>;
