import type { Cluster, Redis } from 'ioredis';
import type { Pool } from 'pg';
import type {
  SigningSecret,
  SigningSecretStore,
  SigningSecretStoreFactory,
  SigningSecretStoreHost,
} from '../static-webhooks/signing-secret-store.js';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { checkNames } from '../shared/check-object.js';
import { withTimeout } from '../shared/timeouts.js';
import { OpenSockets } from './store/open-sockets.js';
import { loadPostgresDriver } from './store/optional-peers.js';
import { sessionClient } from './store/postgres/postgres-client.js';
import { checkConnection, connectionOptions } from './store/postgres/postgres-config.js';
import { FAIL_FAST } from './store/postgres/postgres-store.js';
import { PostgresSecretStore } from './store/postgres/postgres-secret-store.js';
import { redisClients } from './store/redis/redis-client.js';
import { RedisSecretStore } from './store/redis/redis-secret-store.js';
import { SecretEncryption } from './store/secret-encryption.js';
import type { EncryptedSecretStore } from './store/encrypted-secret-store.js';
import { checkedFlag, checkedPrefix, invalidStoreOption, storeTarget, type StoreTarget } from './store/store-target.js';

const OWNER = 'bullmqSecretStore';

/** Timeout of one request, in milliseconds. The first one also connects and creates the table. */
const TIMEOUT_MS = 4_000;

/** Options of `bullmqSecretStore`. */
export interface BullmqSecretStoreOptions {
  /**
   * `redis://`, `rediss://`, `postgres://`, `postgresql://` or `socket:`, as ioredis and pg take them.
   * @default `GEMINI_WEBHOOK_INBOX_URL`
   */
  readonly url?: string | undefined;
  /**
   * The app's ioredis client (`Redis` or `Cluster`) or pg `Pool`, instead of a URL. The store opens its own connections
   * with the same options and never closes this one.
   */
  readonly connection?: Redis | Cluster | Pool | undefined;
  /**
   * Redis: the key prefix. PostgreSQL: the schema.
   * @default 'bull', on PostgreSQL 'bullmq'
   */
  readonly prefix?: string | undefined;
  /**
   * `true` creates the PostgreSQL table `gemini_webhook_secrets` if it is missing. Set `false` to create it yourself: the
   * error about the missing table contains its definition.
   * @default true
   */
  readonly migrate?: boolean | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof BullmqSecretStoreOptions, true>> = {
  url: true,
  connection: true,
  prefix: true,
  migrate: true,
};

/**
 * Stores the signing secrets of static webhooks in the durable inbox's Redis, Valkey or PostgreSQL, so that every replica
 * uses a new secret at once. Secrets are encrypted (JWE, A256GCM) with a key derived from `binding.secret`, or from the
 * Gemini API key if there is none. After that key changes, list the old one in `binding.secret` as well to keep stored
 * secrets readable. A request takes at most 4 s and rejects with `keys_unavailable` if the server does not answer.
 *
 * @example
 * endpoint: { name: 'orders', events: ['batch.succeeded'], secretStore: bullmqSecretStore() }
 *
 * @throws GeminiWebhooksError `invalid_option`, at start
 */
export function bullmqSecretStore(options: BullmqSecretStoreOptions = {}): SigningSecretStoreFactory {
  checkNames(OWNER, options, OPTION_NAMES);
  return ({ registration, keys, inboxUrl }) => {
    const target = storeTarget(OWNER, options, inboxUrl);
    const prefix = checkedPrefix(OWNER, options.prefix, target);
    const migrate = checkedFlag(OWNER, 'migrate', options.migrate) ?? true;
    return new BullmqSecretStore(registration, encryptionWith(keys), () => openStore(target, prefix, migrate));
  };
}

class BullmqSecretStore implements SigningSecretStore {
  readonly #registration: string;
  readonly #encryption: SecretEncryption;
  readonly #openStore: () => Promise<EncryptedSecretStore>;
  #store: Promise<EncryptedSecretStore> | undefined;
  #isClosed = false;

  constructor(registration: string, encryption: SecretEncryption, open: () => Promise<EncryptedSecretStore>) {
    this.#registration = registration;
    this.#encryption = encryption;
    this.#openStore = open;
  }

  async load(endpoint: string): Promise<SigningSecret[]> {
    const scope = this.#scope(endpoint);
    const encrypted = await this.#request('read', endpoint, (store) => store.read(scope));
    return encrypted === undefined ? [] : this.#encryption.decrypt(scope, encrypted);
  }

  async save(endpoint: string, secrets: SigningSecret[]): Promise<void> {
    const scope = this.#scope(endpoint);
    const encrypted = secrets.length === 0 ? undefined : await this.#encryption.encrypt(scope, secrets);
    await this.#request('saved', endpoint, (store) => store.write(scope, encrypted));
  }

  watch(endpoint: string, changed: () => void): Promise<() => void> {
    return this.#request('watched', endpoint, (store) => store.watch(this.#scope(endpoint), changed));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const store = await this.#store?.catch(() => undefined);
    this.#store = undefined;
    await store?.close();
  }

  #scope(endpoint: string) {
    return { registration: this.#registration, endpoint };
  }

  async #request<Result>(
    action: string,
    endpoint: string,
    request: (store: EncryptedSecretStore) => Promise<Result>,
  ): Promise<Result> {
    try {
      if (this.#isClosed) throw new GeminiWebhooksError('closed', 'bullmqSecretStore: the store is closed.');
      this.#store ??= this.#openStore();
      return await withTimeout(this.#store.then(request), TIMEOUT_MS, 'the server did not answer');
    } catch (cause) {
      if (cause instanceof GeminiWebhooksError && cause.code !== 'timeout') throw cause;
      throw new GeminiWebhooksError(
        'keys_unavailable',
        `bullmqSecretStore: the signing secrets of "${endpoint}" could not be ${action}: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}

function encryptionWith([first, ...others]: SigningSecretStoreHost['keys']): SecretEncryption {
  if (first !== undefined) return new SecretEncryption([first, ...others]);
  return invalidStoreOption(
    OWNER,
    'key',
    'no encryption key is configured',
    'Set binding.secret (GEMINI_WEBHOOK_BINDING_SECRET) or the Gemini API key.',
  );
}

async function openStore(
  target: StoreTarget,
  prefix: string | undefined,
  migrate: boolean,
): Promise<EncryptedSecretStore> {
  if (target.kind === 'redis') return new RedisSecretStore(await redisClients(target, OWNER), prefix ?? 'bull');
  const driver = await loadPostgresDriver(OWNER);
  checkConnection(OWNER, target, (config) => new driver.Client(config));
  const connection = { ...connectionOptions(target), ...FAIL_FAST };
  const sockets = new OpenSockets();
  const SessionClient = sessionClient(driver, { stream: sockets.open, ...connectionOptions(target) });
  const pool = new driver.Pool({ stream: sockets.open, ...connection, Client: SessionClient as never, max: 2 });
  pool.on('error', () => undefined);
  return new PostgresSecretStore(
    {
      pool,
      newClient: (config) => new SessionClient({ ...config, ...connection }),
      endSockets: () => sockets.close(),
    },
    { schema: prefix ?? 'bullmq', migrate },
  );
}
