import { GeminiWebhooksError } from '../errors.js';
import type { GeminiClaimsDialect } from './claims-table.js';

/** An app's database client or transaction, as the claims see it. */
export interface DatabaseClient {
  /** What it is, for error messages. */
  readonly name: string;
  /** `undefined` if the client does not tell. */
  readonly dialect: GeminiClaimsDialect | undefined;
  /** `undefined` if the client does not tell: a connection may or may not be in a transaction. */
  readonly isTransaction: boolean | undefined;
  /**
   * Tells from the result of a statement whether it ran in a transaction, if the client tells only afterwards. `undefined` if the
   * result does not tell.
   */
  ranInTransaction?(result: unknown): boolean | undefined;
  /** True if `query` returns its result instead of a promise. */
  readonly isSync?: boolean;
  /** Runs one statement. The result has the rows in the client's own form. */
  query(sql: string): unknown;
}

/** Recognises one kind of client by its methods; `undefined` for others. Imports no driver. */
export type ClientRecogniser = (client: ClientLike) => DatabaseClient | undefined;

/** An object or function of unknown type. */
export type ClientLike = Readonly<Record<string, unknown>>;

export type Method = (...parameters: readonly unknown[]) => unknown;

export function has(client: ClientLike, ...methods: readonly string[]): boolean {
  return methods.every((name) => typeof client[name] === 'function');
}

/** Calls a method of a client of unknown type. */
export function call(client: ClientLike, method: string, ...parameters: readonly unknown[]): unknown {
  return Reflect.apply(client[method] as Method, client, parameters);
}

/**
 * Returns the rows of a result: clients return an array of rows, an object with `rows`, or a pair of rows and columns.
 *
 * @throws GeminiWebhooksError `invalid_argument` if there are none, for example because the client takes a callback
 */
export function returnedRows({ name }: DatabaseClient, result: unknown): readonly unknown[] {
  if (Array.isArray(result)) return Array.isArray(result[0]) ? result[0] : result;
  const { rows } = (result ?? {}) as { readonly rows?: unknown };
  if (Array.isArray(rows)) return rows;
  throw new GeminiWebhooksError('invalid_argument', `${name} returned no rows: use its interface with promises.`);
}
