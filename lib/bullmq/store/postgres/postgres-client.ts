import type { Client, ClientConfig, PoolConfig } from 'pg';
import { GeminiWebhooksError, messageOf } from '../../../errors.js';
import { singleFlightUntilSuccess } from '../../../shared/single-flight.js';
import { REQUEST_TIMEOUT_MS } from '../inbox-store.js';
import { checkPooler } from './postgres-pooler.js';

export type PostgresClientClass = new (config?: ClientConfig) => Client;

/** Private parts of pg's client. */
interface Startup {
  readonly processID: number | null;
  readonly connection: { readonly stream: { destroy(): void } };
  getStartupConf(): Record<string, string>;
}
type StartingClient = Client & Startup;

type Settings = readonly (readonly [name: string, value: string])[];

/** Startup parameters that pg sends and PgBouncer refuses. */
const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
/** The option that BullMQ adds. */
const SEARCH_PATH = / ?-c search_path=("[^"]+")$/;
const REFUSED_PARAMETER = /unsupported startup parameter(?: in options)?: (\w+)/;

/**
 * Returns a client class that applies session settings by a statement after it has connected, because PgBouncer refuses
 * startup parameters. It rejects a pooler that gives each transaction another session, without setting anything on it.
 *
 * @param base connection options
 */
export function sessionClient(driver: { readonly Client: PostgresClientClass }, base: PoolConfig): PostgresClientClass {
  const DeferringClient = deferringClient(driver, base);
  const checkPoolerOnce = singleFlightUntilSuccess(() =>
    checkPooler(
      () =>
        new DeferringClient({
          ...base,
          connectionTimeoutMillis: REQUEST_TIMEOUT_MS,
          query_timeout: REQUEST_TIMEOUT_MS,
        }),
    ),
  );

  class SessionClient extends DeferringClient {
    readonly #timeoutMs: number;

    constructor(config: ClientConfig = {}) {
      super(config);
      this.#timeoutMs = config.connectionTimeoutMillis || 10 * REQUEST_TIMEOUT_MS;
      // The owner adds its listener after connecting, which takes longer here.
      this.on('error', () => undefined);
    }

    override connect(): Promise<this>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<this> | void {
      const connected = this.#connect();
      if (!callback) return connected;
      const done = callback as (error?: Error) => void;
      // On the next tick: an error that it throws must not reject this promise.
      connected.then(
        () => process.nextTick(done),
        (error: Error) => process.nextTick(done, error),
      );
    }

    async #connect(): Promise<this> {
      try {
        await super.connect();
      } catch (error) {
        throw refusedParameter(error);
      }
      try {
        if (await this.#set({ ifDirect: true })) return this;
        await checkPoolerOnce();
        await this.#set({ ifDirect: false });
        return this;
      } catch (error) {
        this.connection.stream.destroy();
        throw error;
      }
    }

    /** Resolves with `false` and sets nothing if the backend process differs, which means that a pooler is in between. */
    async #set({ ifDirect }: { readonly ifDirect: boolean }): Promise<boolean> {
      const values = this.deferredSettings.flat();
      const set = this.deferredSettings.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
      const pid = ifDirect ? [this.processID ?? 0] : [];
      const where = ifDirect ? `WHERE pg_backend_pid() = $${values.length + 1}` : '';
      const query = {
        text: `SELECT ${['1', ...set].join(', ')} ${where}`,
        values: [...values, ...pid],
        query_timeout: this.#timeoutMs,
      };
      return (await this.query(query)).rows.length > 0;
    }
  }
  return SessionClient as unknown as PostgresClientClass;
}

/** Starts a session without the settings that a later statement applies, and keeps those in `deferredSettings`. */
function deferringClient(driver: { readonly Client: PostgresClientClass }, base: PoolConfig) {
  const Base = ((base as { Client?: unknown }).Client ?? driver.Client) as new (
    config?: ClientConfig,
  ) => StartingClient;

  return class DeferringClient extends Base {
    readonly #searchPath: string | undefined;
    /** Settings that a statement must apply. */
    deferredSettings: Settings = [];

    constructor(config: ClientConfig = {}) {
      super(config);
      // Read here, not from the startup options: a URL's options replace these.
      this.#searchPath = SEARCH_PATH.exec(config.options ?? '')?.[1];
    }

    override getStartupConf(): Record<string, string> {
      const { options, ...sent } = super.getStartupConf();
      const deferred: (readonly [string, string])[] = this.#searchPath ? [['search_path', this.#searchPath]] : [];
      for (const name of TIMEOUTS) {
        if (sent[name] !== undefined) deferred.push([name, sent[name]]);
        delete sent[name];
      }
      this.deferredSettings = deferred;
      const others = options?.replace(SEARCH_PATH, '');
      return others ? { ...sent, options: others } : sent;
    }
  };
}

function refusedParameter(error: unknown): unknown {
  const name = REFUSED_PARAMETER.exec(messageOf(error))?.[1];
  if (name === undefined) return error;
  return new GeminiWebhooksError(
    'invalid_option',
    `PgBouncer refuses "${name}". Remove it from the connection, or set ignore_startup_parameters = ${name} in PgBouncer and apply the setting with ALTER ROLE … SET.`,
    { cause: error },
  );
}
