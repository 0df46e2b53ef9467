import type { Cluster, Redis } from 'ioredis';
import { setTimeout as wait } from 'node:timers/promises';
import { endRedisClient, isCluster, SUBSCRIBER, type RedisBehaviour, type RedisClient } from './redis-client.js';

const RETRY_MS = { min: 250, max: 1_000 } as const;

/**
 * Subscribes to a channel of Redis or Valkey on its own connection and reconnects when that is lost. On a cluster it
 * subscribes to one node, since every node receives all messages. It does not use the cluster client's subscription, which
 * switches nodes silently and hides that messages were missed.
 */
export class RedisListener {
  readonly #newClient: (behaviour: RedisBehaviour) => RedisClient;
  readonly #channel: string;
  readonly #onConnected: () => void;
  readonly #onMessage: (message: string) => void;
  readonly #closing = new AbortController();
  readonly #clients = new Set<RedisClient>();
  #listening: Promise<void> | undefined;

  constructor(
    newClient: (behaviour: RedisBehaviour) => RedisClient,
    channel: string,
    {
      onConnected,
      onMessage,
    }: {
      /** Called after each subscription: messages may have been missed before. */
      readonly onConnected: () => void;
      readonly onMessage: (message: string) => void;
    },
  ) {
    this.#newClient = newClient;
    this.#channel = channel;
    this.#onConnected = onConnected;
    this.#onMessage = onMessage;
  }

  /** Resolves when it is subscribed for the first time. */
  start(): Promise<void> {
    this.#listening ??= new Promise((resolve) => {
      const client = this.#keep(this.#newClient(SUBSCRIBER));
      if (isCluster(client)) client.once('ready', () => void this.#listenToNodes(client, resolve));
      else this.#subscribe(client, resolve);
    });
    return this.#listening;
  }

  close(): void {
    this.#closing.abort();
    for (const client of this.#clients) endRedisClient(client);
  }

  /** Subscribes to one node at a time. */
  async #listenToNodes(cluster: Cluster, isListening: () => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const nodes = cluster.nodes('master');
      const node = nodes[Math.floor(Math.random() * nodes.length)];
      if (node) await this.#listenToNode(node, isListening);
      const pauseMs = RETRY_MS.min + Math.random() * (RETRY_MS.max - RETRY_MS.min);
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      // The lost node may have been replaced by another.
      if (node && !signal.aborted) cluster.refreshSlotsCache();
    }
  }

  /** Resolves when the connection is lost. */
  async #listenToNode(node: Redis, isListening: () => void): Promise<void> {
    const client = this.#keep(node.duplicate({ ...SUBSCRIBER, retryStrategy: () => null, lazyConnect: false }));
    this.#subscribe(client, isListening);
    await new Promise<void>((resolve) => client.once('end', resolve));
    this.#clients.delete(client);
  }

  #subscribe(client: Redis, isListening: () => void): void {
    client.on('message', (_channel, message) => this.#onMessage(message));
    // On each connection.
    client.on('ready', () => {
      const listening = () => {
        this.#onConnected();
        isListening();
      };
      client.subscribe(this.#channel).then(listening, () => client.disconnect(true));
    });
  }

  #keep<Client extends RedisClient>(client: Client): Client {
    client.on('error', () => undefined);
    this.#clients.add(client);
    return client;
  }
}
