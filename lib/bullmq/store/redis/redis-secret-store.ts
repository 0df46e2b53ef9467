import { settlesWithin, withTimeout } from '../../../shared/timeouts.js';
import { Watchers } from '../../../shared/watchers.js';
import { REQUEST_TIMEOUT_MS } from '../inbox-store.js';
import { endRedisClient, FAIL_FAST_QUEUED, type RedisBehaviour, type RedisClient } from './redis-client.js';
import { onConnectionError } from './redis-cluster-errors.js';
import { clusterModeError } from './redis-cluster-mode.js';
import { RedisListener } from './redis-listener.js';
import type { SecretScope } from '../secret-encryption.js';
import type { EncryptedSecretStore } from '../encrypted-secret-store.js';

/** Longer than a failing request to a single server takes. */
const REQUEST_LIMIT_MS = REQUEST_TIMEOUT_MS + 1_000;

/** Encrypted secrets in one hash of Redis or Valkey. */
export class RedisSecretStore implements EncryptedSecretStore {
  readonly #newClient: (behaviour: RedisBehaviour) => RedisClient;
  readonly #hash: string;
  readonly #channel: string;
  readonly #watchers = new Watchers();
  readonly #listener: RedisListener;
  #client: RedisClient | undefined;
  /** The reason for a missing connection, which aborted requests do not contain. */
  #connectionError: Error | undefined;

  constructor(newClient: (behaviour: RedisBehaviour) => RedisClient, prefix: string) {
    this.#newClient = newClient;
    this.#hash = `${prefix}:gemini-webhook-secrets`;
    this.#channel = `${this.#hash}:saved`;
    this.#listener = new RedisListener(newClient, this.#channel, {
      // Notifications may have been missed while disconnected.
      onConnected: () => this.#watchers.notifyAll(),
      onMessage: (field) => this.#watchers.notify(field),
    });
  }

  async read(scope: SecretScope): Promise<string | undefined> {
    return (await this.#request((client) => client.hget(this.#hash, fieldOf(scope)))) ?? undefined;
  }

  async write(scope: SecretScope, encrypted: string | undefined): Promise<void> {
    const field = fieldOf(scope);
    await this.#request((client) => {
      const written =
        encrypted === undefined ? client.hdel(this.#hash, field) : client.hset(this.#hash, field, encrypted);
      // Only a notification: the secret is saved even if this fails.
      const published = client.publish(this.#channel, field).catch(() => undefined);
      return Promise.all([written, published]);
    });
  }

  async watch(scope: SecretScope, changed: () => void): Promise<() => void> {
    const unwatch = this.#watchers.add(fieldOf(scope), changed);
    await settlesWithin(this.#listener.start(), REQUEST_TIMEOUT_MS);
    return unwatch;
  }

  async close(): Promise<void> {
    this.#listener.close();
    if (this.#client) endRedisClient(this.#client);
  }

  async #request<Answer>(request: (client: RedisClient) => Promise<Answer>): Promise<Answer> {
    const client = (this.#client ??= this.#connect());
    try {
      // Bounded: a cluster client queues requests while no node is reachable.
      return await withTimeout(request(client), REQUEST_LIMIT_MS, 'the server did not answer');
    } catch (error) {
      if (this.#connectionError?.message) throw this.#connectionError;
      throw clusterModeError(error) ?? error;
    }
  }

  #connect(): RedisClient {
    const client = this.#newClient(FAIL_FAST_QUEUED);
    onConnectionError(client, (error) => (this.#connectionError = error));
    client.on('ready', () => (this.#connectionError = undefined));
    return client;
  }
}

function fieldOf({ registration, endpoint }: SecretScope): string {
  return JSON.stringify([registration, endpoint]);
}
