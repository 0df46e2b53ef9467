import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from '../../../support/until.js';
import { freePort } from '../../../support/free-port.js';

const NAME = 'gemini';
const SENTINELS = 3;
const HOST = '127.0.0.1';

/** A Redis master with a replica, and three sentinels that replace the master. */
export class OwnSentinels {
  readonly #folder: string;
  readonly #sentinels: readonly Server[];
  readonly #servers: readonly Server[];

  private constructor(folder: string, servers: readonly Server[], sentinels: readonly Server[]) {
    this.#folder = folder;
    this.#servers = servers;
    this.#sentinels = sentinels;
  }

  /** @param settings settings of the master and the replica */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<OwnSentinels> {
    const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-sentinels-'));
    const ports = await ownPorts(2 + SENTINELS);
    const [master = 0, replica = 0, ...others] = ports;
    const own = (port: number, more: Readonly<Record<string, string>>) =>
      Server.prepare(folder, port, [], {
        appendonly: 'yes',
        appendfsync: 'always',
        save: '',
        appenddirname: `appendonly-${port}`,
        dbfilename: `dump-${port}.rdb`,
        ...settings,
        ...more,
      });
    const servers = [await own(master, {}), await own(replica, { replicaof: `${HOST} ${master}` })];
    const sentinels = await Promise.all(
      others.map((port) =>
        Server.prepare(folder, port, ['--sentinel'], {
          'sentinel monitor': `${NAME} ${HOST} ${master} 2`,
          'sentinel down-after-milliseconds': `${NAME} 1000`,
          'sentinel failover-timeout': `${NAME} 4000`,
        }),
      ),
    );
    const all = new OwnSentinels(folder, servers, sentinels);
    for (const server of [...servers, ...sentinels]) await server.start();
    await all.#isComplete();
    return all;
  }

  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.#sentinels.map(({ port }) => ({ host: HOST, port }));
  }

  connect(): Redis {
    const client = new Redis({ sentinels: this.addresses, name: NAME, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    return client;
  }

  /** Kills the master, waits until the replica has taken over, and starts the old master as its replica. */
  async killMaster(): Promise<void> {
    const old = await this.#master();
    await old.kill();
    await until(async () => (await this.#master()) !== old && (await this.#accepts()), { everyMs: 100 });
    await old.start();
    await this.#isComplete();
  }

  /** Lets the sentinels replace a master that works. */
  async failOver(): Promise<void> {
    const old = await this.#master();
    const isReplaced = async () => {
      if ((await this.#master()) !== old) return this.#accepts();
      // Again, because sentinels give up a failover that takes longer than failover-timeout.
      await this.#ask(this.#sentinels[0]!, 'SENTINEL', 'FAILOVER', NAME).catch(() => undefined);
      return false;
    };
    await until(isReplaced, { withinMs: 60_000, everyMs: 500 });
    await this.#isComplete();
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#servers, ...this.#sentinels].map((server) => server.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #master(): Promise<Server> {
    const [, port] = (await this.#ask(this.#sentinels[0]!, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as string[];
    return this.#servers.find((server) => server.port === Number(port))!;
  }

  async #accepts(): Promise<boolean> {
    const [role] = (await this.#ask(await this.#master(), 'ROLE').catch(() => [])) as string[];
    return role === 'master';
  }

  /** Resolves when the replica is in step and every sentinel knows the others. */
  async #isComplete(): Promise<void> {
    await until(
      async () => {
        const master = await this.#master();
        const replicas = await Promise.all(
          this.#servers
            .filter((server) => server !== master)
            .map((server) => this.#ask(server, 'ROLE').catch(() => [])),
        );
        const known = await Promise.all(this.#sentinels.map((server) => this.#ask(server, 'SENTINEL', 'MASTERS')));
        return (
          (replicas as string[][]).every(
            ([role, , port, state]) => role === 'slave' && Number(port) === master.port && state === 'connected',
          ) &&
          (known as string[][][]).every(([fields = []]) => {
            const value = (name: string) => fields[fields.indexOf(name) + 1];
            return value('num-slaves') === '1' && value('num-other-sentinels') === String(SENTINELS - 1);
          })
        );
      },
      { withinMs: 60_000, everyMs: 100 },
    );
  }

  async #ask({ port }: Server, ...command: [string, ...string[]]): Promise<unknown> {
    const client = new Redis({ host: HOST, port, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on('error', () => undefined);
    try {
      return await client.call(...command);
    } finally {
      client.disconnect();
    }
  }
}

class Server {
  readonly port: number;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** Writes the settings to a file, which the server changes itself. */
  static async prepare(folder: string, port: number, flags: readonly string[], settings: object): Promise<Server> {
    const file = join(folder, `${port}.conf`);
    const lines = Object.entries({ port, bind: HOST, dir: folder, ...settings }).map((pair) => pair.join(' '));
    await writeFile(file, `${lines.join('\n')}\n`);
    return new Server(port, [file, ...flags]);
  }

  async start(): Promise<void> {
    this.#process = spawn('redis-server', this.#args, { stdio: 'ignore' });
    await once(this.#process, 'spawn');
    const client = new Redis({ host: HOST, port: this.port, retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    await client.ping();
    client.disconnect();
  }

  async kill(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  }
}

async function ownPorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => freePort()));
}
