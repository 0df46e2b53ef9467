import type { Redis } from 'ioredis';
import { settlesWithin } from '../with-timeout.js';
import { REQUEST_TIMEOUT_MS } from './inbox-store.js';
import { endRedisClient, FAIL_IN_TIME, LISTENING, type RedisBehaviour } from './redis-client.js';
import type { SealedFor } from './sealed-secrets.js';
import { SecretWatchers, type SecretVault } from './secret-vault.js';

/** Sealed secrets in one hash of Redis or Valkey. */
export class RedisVault implements SecretVault {
  readonly #newClient: (behaviour: RedisBehaviour) => Redis;
  readonly #hash: string;
  readonly #channel: string;
  readonly #watchers = new SecretWatchers();
  #client: Redis | undefined;
  #subscriber: Redis | undefined;
  #subscribed: Promise<void> | undefined;
  /** Why there is no connection. Requests that were given up do not say it. */
  #trouble: Error | undefined;

  constructor(newClient: (behaviour: RedisBehaviour) => Redis, prefix: string) {
    this.#newClient = newClient;
    this.#hash = `${prefix}:gemini-webhook-secrets`;
    this.#channel = `${this.#hash}:saved`;
  }

  async read(what: SealedFor): Promise<string | undefined> {
    return (await this.#ask((client) => client.hget(this.#hash, fieldOf(what)))) ?? undefined;
  }

  async write(what: SealedFor, sealed: string | undefined): Promise<void> {
    const field = fieldOf(what);
    await this.#ask((client) => {
      const written = sealed === undefined ? client.hdel(this.#hash, field) : client.hset(this.#hash, field, sealed);
      // Only a hint. One that is lost does not make the secret unsaved.
      const told = client.publish(this.#channel, field).catch(() => undefined);
      return Promise.all([written, told]);
    });
  }

  async watch(what: SealedFor, changed: () => void): Promise<() => void> {
    const end = this.#watchers.add(fieldOf(what), changed);
    this.#subscribed ??= this.#subscribe();
    await settlesWithin(this.#subscribed, REQUEST_TIMEOUT_MS);
    return end;
  }

  async close(): Promise<void> {
    for (const client of [this.#client, this.#subscriber]) if (client) endRedisClient(client);
  }

  async #ask<Answer>(request: (client: Redis) => Promise<Answer>): Promise<Answer> {
    this.#client ??= this.#newClient(FAIL_IN_TIME)
      .on('error', (error) => (this.#trouble = error))
      .on('ready', () => (this.#trouble = undefined));
    try {
      return await request(this.#client);
    } catch (error) {
      throw this.#trouble?.message ? this.#trouble : error;
    }
  }

  #subscribe(): Promise<void> {
    const subscriber = this.#newClient(LISTENING).on('error', () => undefined);
    this.#subscriber = subscriber;
    subscriber.on('message', (_channel, field) => this.#watchers.tell(field));
    return new Promise((resolve) => {
      // Each time that it is connected, and then what was missed meanwhile is found out.
      subscriber.on('ready', () => {
        const listening = () => {
          this.#watchers.tellAll();
          resolve();
        };
        subscriber.subscribe(this.#channel).then(listening, () => subscriber.disconnect(true));
      });
    });
  }
}

function fieldOf({ registration, endpoint }: SealedFor): string {
  return JSON.stringify([registration, endpoint]);
}
