import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import { freePort, isFree, SYSTEM_PORTS } from './free-port.js';
import { until } from './until.js';

const SLOTS = 16_384;
/** Offset of the port on which nodes talk to each other. */
const BUS_PORT_OFFSET = 10_000;

/** Redis servers in one cluster, as in ElastiCache and MemoryDB. */
export interface TestCluster {
  /** One URL per node. */
  readonly urls: readonly string[];
  /** Creates a client like an app's. The caller closes it. */
  connect(): Cluster;
  /** URLs of the node that has the slot of this key, and of one that does not. */
  urlsFor(key: string): Promise<{ readonly holder: string; readonly other: string }>;
  /** Keys of each node, in the order of `urls`. */
  keys(): Promise<readonly (readonly string[])[]>;
  /** Pauses or resumes the node. */
  signal(url: string, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Kills the node and restarts it with its data. */
  restart(url: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts real servers in cluster mode, without replicas, and resolves when each serves its slots. */
export async function startRedisCluster(size = 3): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-cluster-'));
  const nodes: Node[] = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (let index = 0; index < size; index += 1) nodes.push(new Node(await freeNodePort(), folder));
    await Promise.all(nodes.map((node, index) => node.join(nodes[0]!, index, size)));
    await Promise.all(nodes.map((node) => node.knows(size)));
  } catch (error) {
    await stop();
    throw error;
  }
  const urls = nodes.map(({ url }) => url);
  const nodeAt = (url: string) => nodes.find((node) => node.url === url)!;
  return {
    urls,
    connect: () => new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port }))),
    async urlsFor(key) {
      const slot = await nodes[0]!.slotOf(key);
      const holder = urls[Math.floor((slot * size) / SLOTS)]!;
      return { holder, other: urls.find((url) => url !== holder) ?? holder };
    },
    keys: () => Promise.all(nodes.map((node) => node.keys())),
    signal: (url, signal) => nodeAt(url).signal(signal),
    restart: (url) => nodeAt(url).restart(size),
    stop,
  };
}

class Node {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #client: Redis;
  #process: ChildProcess;
  #exit: Promise<unknown>;

  constructor(port: number, folder: string) {
    this.port = port;
    const options = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      'cluster-enabled': 'yes',
      'cluster-config-file': `nodes-${port}.conf`,
      save: '',
      appenddirname: `appendonly-${port}`,
      appendonly: 'yes',
      'maxmemory-policy': 'noeviction',
    };
    this.#args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawn('redis-server', this.#args, { stdio: 'ignore' });
    this.#exit = once(this.#process, 'exit');
    this.#client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    this.#client.on('error', () => undefined);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Takes its share of the slots and joins the cluster through the first node. */
  async join(first: Node, index: number, size: number): Promise<void> {
    const start = Math.ceil((index * SLOTS) / size);
    const end = Math.ceil(((index + 1) * SLOTS) / size) - 1;
    await this.#client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    await this.#client.call('CLUSTER', 'ADDSLOTSRANGE', start, end);
    if (first !== this) await this.#client.call('CLUSTER', 'MEET', '127.0.0.1', first.port);
  }

  async knows(size: number): Promise<void> {
    await until(async () => {
      const info = String(await this.#client.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_size:${size}`);
    });
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.#client.call('CLUSTER', 'KEYSLOT', key));
  }

  keys(): Promise<string[]> {
    return this.#client.keys('*');
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async restart(size: number): Promise<void> {
    await this.#kill();
    this.#process = spawn('redis-server', this.#args, { stdio: 'ignore' });
    this.#exit = once(this.#process, 'exit');
    await this.knows(size);
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    await this.#kill();
  }

  async #kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }
}

/** Finds a port whose cluster port is free too. */
async function freeNodePort(): Promise<number> {
  for (;;) {
    const port = await freePort(SYSTEM_PORTS - BUS_PORT_OFFSET);
    if (await isFree(port + BUS_PORT_OFFSET)) return port;
  }
}
