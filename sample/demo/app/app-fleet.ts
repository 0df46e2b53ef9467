import { Balancer } from '../balancer.js';
import type { DataFolder } from '../data-folder.js';
import { freePort } from '../ports.js';
import type { Terminal } from '../terminal.js';
import { AppProcess } from './app-process.js';

/** What the processes of the app are given. */
export interface AppFleetOptions {
  /** Where the page is. */
  readonly port: number;
  /** Two of each, or one. */
  readonly isFleet: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: DataFolder;
  readonly terminal: Terminal;
}

/** The processes of the app: a web process and a worker, or two of each behind a balancer. */
export class AppFleet {
  readonly workers: readonly AppProcess[];
  readonly #processes: readonly AppProcess[];
  readonly #balancer: Balancer | undefined;
  #nextVictim = 0;

  private constructor(webs: readonly AppProcess[], workers: readonly AppProcess[], balancer: Balancer | undefined) {
    this.workers = workers;
    this.#processes = [...webs, ...workers];
    this.#balancer = balancer;
  }

  static async start({ port, isFleet, ...options }: AppFleetOptions): Promise<AppFleet> {
    const ports = isFleet ? [await freePort(), await freePort()] : [port];
    const balancer = isFleet
      ? await Balancer.listen(
          port,
          ports.map((each) => ({ port: each })),
        )
      : undefined;
    const start = (name: string, file: string, environment: Readonly<Record<string, string>>) =>
      new AppProcess({ ...options, name, file, environment: { ...options.environment, ...environment } });
    return new AppFleet(
      ports.map((each, index) => start(`web-${index + 1}`, 'main.js', { PORT: String(each), HOST: '127.0.0.1' })),
      ports.map((_each, index) => start(`worker-${index + 1}`, 'worker.js', {})),
      balancer,
    );
  }

  /** Rejects when one of them does not stay up. */
  get givenUp(): Promise<never> {
    return Promise.race(this.#processes.map(({ givenUp }) => givenUp));
  }

  /** One worker after the other, at the page's request. */
  killWorker(): void {
    this.workers[this.#nextVictim++ % this.workers.length]?.kill();
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.end()));
    this.#balancer?.close();
  }

  terminate(): void {
    for (const one of this.#processes) one.terminate();
  }
}
