import { GeminiWebhooksError, messageOf } from '../../../errors.js';

const INSUFFICIENT_PRIVILEGE = '42501';

/** Sends queries to PostgreSQL: a client or a pool. */
export interface PostgresQueries {
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Row[] }>;
}

/** Describes work for the message about a missing privilege. */
export interface PrivilegedWork {
  /** Completes "may not …" in the message. */
  readonly what: string;
  /** Completes "it needs …" in the message. `{database}` is replaced by the database's name. */
  readonly needs: string;
  readonly todo: string;
}

const MIGRATE_ELSEWHERE = 'Grant it, or migrate with a role that has it and set migrate: false.';

/** @throws GeminiWebhooksError `invalid_option` if the role lacks a privilege; otherwise the error of the work */
export async function explainMissingPrivilege<Result>(
  client: PostgresQueries,
  { what, needs, todo }: PrivilegedWork,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw cause;
    const { rows } = await client.query<{ role: string; database: string }>(
      'SELECT current_user AS role, current_database() AS database',
    );
    const { role = '', database = '' } = rows[0] ?? {};
    throw new GeminiWebhooksError(
      'invalid_option',
      `The PostgreSQL role "${role}" may not ${what} (${messageOf(cause)}): it needs ${needs.replace('{database}', database)}. ${todo}`,
      { cause },
    );
  }
}

/** @param what such as `create the schema "bullmq"` */
export function creating(what: string, { schema, inSchema }: { schema: string; inSchema: boolean }): PrivilegedWork {
  return {
    what,
    needs: inSchema ? `CREATE on the schema "${schema}"` : 'CREATE on the database "{database}"',
    todo: MIGRATE_ELSEWHERE,
  };
}

/** @param from the schema's version, 0 for an empty schema */
export function migrating(schema: string, from: number, to: number): PrivilegedWork {
  if (from === 0) return creating(`migrate the schema "${schema}" to version ${to}`, { schema, inSchema: true });
  return {
    what: `migrate the schema "${schema}" from version ${from} to ${to}`,
    needs: `CREATE on the schema "${schema}" and to own its tables and functions`,
    todo: 'Migrate with a role that does, and set migrate: false.',
  };
}

export function using(schema: string): PrivilegedWork {
  return {
    what: `use the schema "${schema}"`,
    needs:
      'USAGE on it, SELECT, INSERT, UPDATE and DELETE on its tables, USAGE on its sequences and EXECUTE on its functions',
    todo: 'Grant them.',
  };
}
