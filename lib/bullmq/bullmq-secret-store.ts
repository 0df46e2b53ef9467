import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import type {
  SigningSecret,
  SigningSecretStore,
  SigningSecretStoreFactory,
  SigningSecretStoreHost,
} from '../endpoints/signing-secret-store.js';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { withTimeout } from '../with-timeout.js';
import { OpenSockets } from './open-sockets.js';
import { loadPostgresDriver } from './optional-peers.js';
import { connectionOptions, FAIL_FAST } from './postgres-store.js';
import { PostgresVault } from './postgres-vault.js';
import { redisClients } from './redis-client.js';
import { RedisVault } from './redis-vault.js';
import { SealedSecrets } from './sealed-secrets.js';
import type { SecretVault } from './secret-vault.js';
import { checkedFlag, checkedName, invalidStoreOption, storeTarget, type StoreTarget } from './store-target.js';

const OWNER = 'bullmqSecretStore';

/** How long a request may take with all that it needs, in milliseconds. The first one connects, and makes the table. */
const TIMEOUT_MS = 4_000;

/** Options of `bullmqSecretStore`. */
export interface BullmqSecretStoreOptions {
  /**
   * `redis://`, `rediss://`, `postgres://` or `postgresql://`.
   * @default `GEMINI_WEBHOOK_INBOX_URL`
   */
  readonly url?: string | undefined;
  /** An ioredis client or a pg `Pool` of the app's, in place of a URL. The store connects as it does; it is never closed. */
  readonly connection?: Redis | Pool | undefined;
  /**
   * Redis: the prefix of keys. PostgreSQL: the schema.
   * @default 'bull', on PostgreSQL 'bullmq'
   */
  readonly prefix?: string | undefined;
  /**
   * Whether to create the PostgreSQL table `gemini_webhook_secrets` where it is missing. `false` for teams that migrate
   * themselves: the error that says that it is missing has its definition.
   * @default true
   */
  readonly migrate?: boolean | undefined;
}

/**
 * Keeps the signing secrets of static webhooks in the Redis, Valkey or PostgreSQL of the durable inbox, where each
 * process of the fleet finds a new one at once. They are encrypted (JWE, A256GCM) with a key derived from
 * `binding.secret`, else from the Gemini API key; after either has changed they can be read while the old one is still
 * listed in `binding.secret`. A request takes at most 4 s, and rejects with `keys_unavailable` when the server is away.
 *
 * @example
 * endpoint: { name: 'orders', events: ['batch.succeeded'], secretStore: bullmqSecretStore() }
 *
 * @throws GeminiWebhooksError `invalid_option`, at start
 */
export function bullmqSecretStore(options: BullmqSecretStoreOptions = {}): SigningSecretStoreFactory {
  return ({ registration, keys, inboxUrl }) => {
    const target = storeTarget(OWNER, options, inboxUrl);
    const prefix = checkedName(OWNER, 'prefix', options.prefix);
    const migrate = checkedFlag(OWNER, 'migrate', options.migrate) ?? true;
    return new BullmqSecretStore(registration, sealedWith(keys), () => openVault(target, prefix, migrate));
  };
}

class BullmqSecretStore implements SigningSecretStore {
  readonly #registration: string;
  readonly #sealed: SealedSecrets;
  readonly #openVault: () => Promise<SecretVault>;
  #vault: Promise<SecretVault> | undefined;
  #isClosed = false;

  constructor(registration: string, sealed: SealedSecrets, open: () => Promise<SecretVault>) {
    this.#registration = registration;
    this.#sealed = sealed;
    this.#openVault = open;
  }

  async load(endpoint: string): Promise<SigningSecret[]> {
    const what = this.#what(endpoint);
    const kept = await this.#ask('read', endpoint, (vault) => vault.read(what));
    return kept === undefined ? [] : this.#sealed.open(what, kept);
  }

  async save(endpoint: string, secrets: SigningSecret[]): Promise<void> {
    const what = this.#what(endpoint);
    const sealed = secrets.length === 0 ? undefined : await this.#sealed.seal(what, secrets);
    await this.#ask('saved', endpoint, (vault) => vault.write(what, sealed));
  }

  watch(endpoint: string, changed: () => void): Promise<() => void> {
    return this.#ask('watched', endpoint, (vault) => vault.watch(this.#what(endpoint), changed));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const vault = await this.#vault?.catch(() => undefined);
    this.#vault = undefined;
    await vault?.close();
  }

  #what(endpoint: string) {
    return { registration: this.#registration, endpoint };
  }

  async #ask<Result>(
    done: string,
    endpoint: string,
    request: (vault: SecretVault) => Promise<Result>,
  ): Promise<Result> {
    try {
      if (this.#isClosed) throw new GeminiWebhooksError('closed', 'bullmqSecretStore: the store is closed.');
      this.#vault ??= this.#openVault();
      return await withTimeout(this.#vault.then(request), TIMEOUT_MS, 'the server did not answer');
    } catch (cause) {
      if (cause instanceof GeminiWebhooksError && cause.code !== 'timeout') throw cause;
      throw new GeminiWebhooksError(
        'keys_unavailable',
        `bullmqSecretStore: the signing secrets of "${endpoint}" could not be ${done}: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}

function sealedWith([first, ...others]: SigningSecretStoreHost['keys']): SealedSecrets {
  if (first !== undefined) return new SealedSecrets([first, ...others]);
  return invalidStoreOption(
    OWNER,
    'key',
    'there is none to encrypt with',
    'Set binding.secret (GEMINI_WEBHOOK_BINDING_SECRET), or the Gemini API key.',
  );
}

async function openVault(target: StoreTarget, prefix: string | undefined, migrate: boolean): Promise<SecretVault> {
  if (target.kind === 'redis') return new RedisVault(await redisClients(target, OWNER), prefix ?? 'bull');
  const { Client, Pool } = await loadPostgresDriver(OWNER);
  const connection = { ...connectionOptions(target), ...FAIL_FAST };
  const sockets = new OpenSockets();
  const pool = new Pool({ stream: sockets.open, ...connection, max: 2 });
  pool.on('error', () => undefined);
  return new PostgresVault(
    {
      pool,
      newClient: (config) => new Client({ ...config, ...connection }),
      endSockets: () => sockets.close(),
    },
    { schema: prefix ?? 'bullmq', migrate },
  );
}
