import type { Balancer } from './balancer.js';

/** A process of a fleet. */
export interface FleetProcess {
  readonly origin: string;
  readonly pid: number;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<unknown>;
}

/** Several processes behind a balancer. If there are more than one, the first one is never replaced. */
export class Fleet<Process extends FleetProcess = FleetProcess, Special = undefined> {
  readonly #start: (special?: Special) => Promise<Process>;
  readonly #balancer: Balancer;
  readonly #processes: Process[] = [];

  private constructor(start: (special?: Special) => Promise<Process>, balancer: Balancer) {
    this.#start = start;
    this.#balancer = balancer;
  }

  static async start<Process extends FleetProcess, Special = undefined>(
    start: (special?: Special) => Promise<Process>,
    balancer: Balancer,
    size: number,
  ): Promise<Fleet<Process, Special>> {
    const fleet = new Fleet<Process, Special>(start, balancer);
    for (let index = 0; index < size; index += 1) await fleet.#startAt(index);
    return fleet;
  }

  /** The process that is never replaced. */
  get veteran(): Process {
    return this.#processes[0]!;
  }

  /** The process whose turn it is. */
  at(turn: number): Process {
    return this.#processes[turn % this.#processes.length]!;
  }

  /** Ends one of the other processes and starts a new one in its place. Returns the one that ended. */
  async replace(turn: number, signal: 'SIGKILL' | 'SIGTERM', special?: Special): Promise<Process> {
    const others = this.#processes.length - 1;
    const index = others === 0 ? 0 : 1 + (turn % others);
    const old = this.#processes[index]!;
    if (signal === 'SIGTERM') this.#balancer.remove(old.origin);
    await old.end(signal);
    this.#balancer.remove(old.origin);
    await this.#startAt(index, special);
    return old;
  }

  async #startAt(index: number, special?: Special): Promise<void> {
    const process = await this.#start(special);
    this.#processes[index] = process;
    this.#balancer.add(process.origin);
  }
}
