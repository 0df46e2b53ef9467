import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { openQueue } from '../../../support/queues.js';
import type { Fault } from '../faults.js';
import { FaultyLine } from '../faulty-line.js';
import { ownPostgres, ownRedis, type OwnStore } from '../own-stores.js';
import { FAULT_MS, planned, processFaults, type Setup } from './setup.js';

const PROCESSES = 3;
/** Of 100 packets, in each direction. */
const LOST = 3;
/** Added to each direction between the apps and the store. */
const DELAY_MS = 10;
const PARTITION_MS = FAULT_MS + 1_000;

export const LOSSY_REDIS = lossy('Redis', ownRedis);
export const LOSSY_POSTGRES = lossy('PostgreSQL', ownPostgres);

/** The apps in a network namespace: their deliveries and their requests to the store pass a network that loses packets. */
function lossy(store: string, make: () => Promise<OwnStore>): Setup {
  return {
    name: `${store}, ${LOST} % of the packets lost, ${DELAY_MS} ms each way`,
    ...(store === 'PostgreSQL' && { tolerated: ['skewed'] }),
    async start() {
      const server = await make();
      await server.start();
      const network = new LossyNetwork();
      const line = new FaultyLine(server.url);
      const url = await line.start(network.outside);
      line.delayMs = DELAY_MS;
      network.lose(LOST);
      const partitioned: Fault<unknown> = {
        name: 'network partitioned',
        async happen() {
          network.lose();
          await wait(PARTITION_MS);
          network.lose(LOST);
        },
      };
      return {
        inbox: { url },
        processes: PROCESSES,
        place: { host: network.inside, by: network.by },
        faults: [planned(partitioned, 1, 5), ...processFaults()],
        openQueue: (name) => openQueue(server.url, name),
        async stop() {
          line.stop();
          network.remove();
          await server.remove();
        },
      };
    },
  };
}

/** A network namespace behind two virtual interfaces. Needs root, `ip` and `nft`. */
class LossyNetwork {
  readonly #name = `gw${process.pid}`;
  readonly outside: string;
  readonly inside: string;

  constructor() {
    const subnet = `10.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 256}`;
    this.outside = `${subnet}.1`;
    this.inside = `${subnet}.2`;
    const [outer, inner] = [`${this.#name}o`, `${this.#name}i`];
    root('ip', 'netns', 'add', this.#name);
    root('ip', 'link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', this.#name);
    root('ip', 'addr', 'add', `${this.outside}/24`, 'dev', outer);
    root('ip', 'link', 'set', outer, 'up');
    this.#within('ip', 'addr', 'add', `${this.inside}/24`, 'dev', inner);
    this.#within('ip', 'link', 'set', inner, 'up');
    this.#within('ip', 'link', 'set', 'lo', 'up');
    this.#within('nft', 'add table inet loss');
    for (const hook of ['input', 'output'])
      this.#within('nft', `add chain inet loss ${hook} { type filter hook ${hook} priority 0 ; }`);
  }

  /** Starts a program in the namespace. */
  get by(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name];
  }

  /** @param percent share of packets that get lost at random, in each direction; all of them without it */
  lose(percent?: number): void {
    const which = percent === undefined ? '' : `numgen random mod 100 < ${percent}`;
    this.#within('nft', 'flush table inet loss');
    for (const hook of ['input', 'output']) this.#within('nft', `add rule inet loss ${hook} ${which} drop`);
  }

  remove(): void {
    root('ip', 'netns', 'delete', this.#name);
  }

  #within(...command: readonly string[]): void {
    root(...this.by, ...command);
  }
}

function root(...[program = '', ...args]: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
