import { claimOptions, HandlerClaims, type GeminiClaimOptions } from '../claims/handler-claims.js';
import type { GeminiEventDelivery } from '../events/gemini-event.js';

/** Second argument of a handler, after the event. */
export interface GeminiHandlerContext {
  /** Aborts when the handler exceeds its `timeoutMs`, or when the process shuts down and cannot wait any longer. */
  readonly signal: AbortSignal;
  /** Number of the current attempt, starting at 1. */
  readonly attempt: number;
  /** Name of the handler. */
  readonly handler: string;
  /** Delivery that brought the event to this app. */
  readonly delivery: GeminiEventDelivery;
  /**
   * Claims the handler's effect within its database transaction, so that the effect happens exactly once even if the process
   * is killed between the commit and our checkpoint: inserts a row into the table of `claimsTableSql`, and returns false if
   * that row was committed before. A replay "from the start" claims anew.
   *
   * @param tx the transaction in which the effect happens, of pg, postgres.js, mysql2, mariadb, TypeORM, Drizzle, Kysely,
   *   Knex, Prisma or MikroORM, on PostgreSQL, MySQL, MariaDB or SQLite
   * @param step name of the transaction, if the handler has several
   * @example
   * await dataSource.transaction(async (tx) => {
   *   if (!(await context.claim(tx))) return;
   *   await tx.insert(Invoice, { batch: event.data.id });
   * });
   *
   * @throws GeminiWebhooksError `invalid_argument` for a pool, data source or client root, for an unknown client, without the
   *   table, or if the handler has claimed this step in an earlier transaction of the same run; otherwise the database's error
   */
  claim(tx: object, step?: string, options?: Omit<GeminiClaimOptions, 'step'>): Promise<boolean>;
  claim(tx: object, options: GeminiClaimOptions): Promise<boolean>;
  /** `claim` for databases whose transactions are synchronous: better-sqlite3, node:sqlite, and Drizzle on them. */
  claimSync(tx: object, step?: string, options?: Omit<GeminiClaimOptions, 'step'>): boolean;
  claimSync(tx: object, options: GeminiClaimOptions): boolean;
}

/** Context of one run. Creates its signal on first access, because most handlers never use it. */
export class HandlerRunContext implements GeminiHandlerContext {
  #controller: AbortController | undefined;
  #reason: unknown;
  #outer: AbortSignal | undefined;
  #forward: (() => void) | undefined;
  #claims: HandlerClaims | undefined;
  readonly #generation: number;
  readonly #registration: string;
  readonly #eventKey: string;

  /**
   * @param outer aborts the context's signal too, until `release`
   * @param generation number of replays "from the start" so far
   */
  constructor(
    readonly handler: string,
    readonly attempt: number,
    readonly delivery: GeminiEventDelivery,
    {
      outer,
      generation = 0,
    }: { readonly outer?: AbortSignal | undefined; readonly generation?: number | undefined } = {},
  ) {
    this.#outer = outer;
    this.#generation = generation;
    // A handler may change its delivery, which is a copy. The claim stays that of the event.
    this.#registration = delivery.registration;
    this.#eventKey = delivery.key;
  }

  // Getters, because handlers destructure the context.
  get claim(): GeminiHandlerContext['claim'] {
    const claims = this.#ownClaims();
    return (tx: object, step?: string | GeminiClaimOptions, options?: GeminiClaimOptions) =>
      claims.claim(tx, claimOptions(step, options));
  }

  get claimSync(): GeminiHandlerContext['claimSync'] {
    const claims = this.#ownClaims();
    return (tx: object, step?: string | GeminiClaimOptions, options?: GeminiClaimOptions) =>
      claims.claimSync(tx, claimOptions(step, options));
  }

  #ownClaims(): HandlerClaims {
    this.#claims ??= new HandlerClaims({
      registration: this.#registration,
      handler: this.handler,
      eventKey: this.#eventKey,
      generation: this.#generation,
    });
    return this.#claims;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.#follow(this.#outer);
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }

  /** Ends the run. From now on `outer` no longer aborts the context's signal. */
  release(): void {
    if (this.#forward) this.#outer?.removeEventListener('abort', this.#forward);
    this.#outer = undefined;
  }

  #follow(outer: AbortSignal | undefined): void {
    if (!outer) return;
    this.#forward = () => this.abort(outer.reason as Error);
    if (outer.aborted) this.#forward();
    else outer.addEventListener('abort', this.#forward, { once: true });
  }
}
