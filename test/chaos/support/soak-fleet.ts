import type { FaultyLine } from './faulty-line.js';
import type { Balancer } from './balancer.js';
import type { OwnStore } from './own-stores.js';
import { SoakProcess, type SoakConfig } from './soak-process.js';

/** Three processes behind a balancer. The first one is never restarted. */
export class SoakFleet {
  readonly #config: SoakConfig;
  readonly #balancer: Balancer;
  readonly #processes: SoakProcess[] = [];

  private constructor(config: SoakConfig, balancer: Balancer) {
    this.#config = config;
    this.#balancer = balancer;
  }

  static async start(config: SoakConfig, balancer: Balancer, size: number): Promise<SoakFleet> {
    const fleet = new SoakFleet(config, balancer);
    for (let index = 0; index < size; index += 1) await fleet.#startAt(index);
    return fleet;
  }

  /** The process that is never restarted. */
  get veteran(): SoakProcess {
    return this.#processes[0]!;
  }

  /** The process whose turn it is. */
  at(turn: number): SoakProcess {
    return this.#processes[turn % this.#processes.length]!;
  }

  /** Ends one of the other processes and starts a new one in its place. */
  async replace(turn: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const index = 1 + (turn % (this.#processes.length - 1));
    const old = this.#processes[index]!;
    if (signal === 'SIGTERM') this.#balancer.remove(old.origin);
    await old.end(signal);
    this.#balancer.remove(old.origin);
    await this.#startAt(index);
  }

  async #startAt(index: number): Promise<void> {
    const process = await SoakProcess.start(this.#config);
    this.#processes[index] = process;
    this.#balancer.add(process.origin);
  }
}

/** What a fault acts on. */
export interface Surroundings {
  readonly fleet: SoakFleet;
  readonly line: FaultyLine;
  readonly store: OwnStore;
  /** Waits, in milliseconds of the machine. */
  readonly pause: (ms: number) => Promise<unknown>;
}

/** A fault that ends by itself. `turn` counts the faults so far. */
export interface SoakFault {
  readonly name: string;
  /** True if handlers that ran may run again. */
  readonly kills?: boolean;
  readonly happen: (surroundings: Surroundings, turn: number) => Promise<void>;
}

/** In the order in which they happen, over and over. */
export const SOAK_FAULTS: readonly SoakFault[] = [
  { name: 'SIGKILL', kills: true, happen: ({ fleet }, turn) => fleet.replace(turn, 'SIGKILL') },
  {
    name: 'connections cut for 3 s',
    async happen({ line, pause }) {
      line.cut();
      await pause(3_000);
      line.open();
    },
  },
  { name: 'SIGTERM', happen: ({ fleet }, turn) => fleet.replace(turn, 'SIGTERM') },
  {
    name: 'connections stalled for 4 s',
    async happen({ line, pause }) {
      line.stall();
      await pause(4_000);
      line.open();
    },
  },
  {
    name: 'store restarted',
    async happen({ store, pause }) {
      await store.stop();
      await pause(1_000);
      await store.start();
    },
  },
  {
    name: 'process frozen for 5 s',
    // Longer than the locks of its events: another worker takes them over.
    kills: true,
    async happen({ fleet, pause }, turn) {
      const frozen = fleet.at(turn);
      frozen.signal('SIGSTOP');
      await pause(5_000);
      frozen.signal('SIGCONT');
    },
  },
];
