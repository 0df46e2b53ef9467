import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BullmqInboxOptions } from '../../../lib/bullmq/index.js';
import { SECRET } from '../../support/static-webhooks.js';
import type { Journal } from './journal.js';
import { stopwatch } from './stopwatch.js';

/** Options of the inbox of an app process, and the servers of its client if a URL is not enough. */
export interface InboxConfig extends Pick<
  BullmqInboxOptions,
  | 'url'
  | 'queueName'
  | 'prefix'
  | 'workers'
  | 'attempts'
  | 'backoff'
  | 'lockDurationMs'
  | 'drainTimeoutMs'
  | 'concurrency'
> {
  /** True for the inline inbox. */
  readonly inline?: boolean;
  readonly cluster?: readonly Address[];
  readonly sentinels?: readonly Address[];
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where an app process runs. */
export interface Place {
  /** Address on which it listens. */
  readonly host?: string;
  /** Program that starts it, with its arguments. */
  readonly by?: readonly string[];
  /** How far its clock is ahead. */
  readonly clockAheadMs?: number;
}

/** Configuration of an app process. */
export interface AppConfig {
  readonly journal: Journal;
  readonly inbox: InboxConfig;
  /** `false` for a worker without a route. */
  readonly receives?: boolean;
  /** How long each handler takes. */
  readonly handlerMs?: number;
}

/** How a worker of `fixtures/claims-app.js` is set up. */
export interface ClaimsConfig extends Pick<AppConfig, 'journal'> {
  readonly inbox: InboxConfig;
  /** URL of the database of its effects. */
  readonly database: string;
  readonly client: 'pg' | 'drizzle' | 'kysely';
  /** `false` for effects without a claim. */
  readonly claims: boolean;
  /** True if no handler ends after its commit. */
  readonly holds?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly afterMs: number;
}

const FIXTURES = join('test', 'chaos', 'fixtures');
const SKEWED_CLOCK = pathToFileURL(join(FIXTURES, 'skewed-clock.js')).href;
const running = new Set<ChildProcess>();

/** The built app in a separate process. */
export class AppProcess {
  readonly #child: ChildProcess;
  readonly origin: string;

  private constructor(child: ChildProcess, origin: string) {
    this.#child = child;
    this.origin = origin;
  }

  /** Resolves when the app listens. */
  static start(config: AppConfig, place: Place = {}): Promise<AppProcess> {
    return AppProcess.#start('app.js', config, place);
  }

  /** Resolves when the worker is ready. */
  static startClaiming(config: ClaimsConfig): Promise<AppProcess> {
    return AppProcess.#start('claims-app.js', config);
  }

  static async #start(
    fixture: string,
    { journal, ...config }: AppConfig | ClaimsConfig,
    { host, by = [], clockAheadMs = 0 }: Place = {},
  ): Promise<AppProcess> {
    const [program = process.execPath, ...before] = [...by, process.execPath];
    const skew = clockAheadMs === 0 ? [] : ['--import', SKEWED_CLOCK];
    const child = fork(
      join(FIXTURES, fixture),
      [JSON.stringify({ ...config, host, journal: journal.file, secret: SECRET })],
      {
        execPath: program,
        execArgv: [...before, '--expose-gc', ...skew],
        env: {
          ...Object.fromEntries(
            Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|NODE_OPTIONS)/.test(name)),
          ),
          CLOCK_AHEAD_MS: String(clockAheadMs),
        },
      },
    );
    running.add(child);
    child.once('exit', () => running.delete(child));
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`The app ended before it listened, with ${String(code)}.`);
    });
    const [{ origin }] = (await Promise.race([once(child, 'message'), ended])) as [{ origin: string }];
    ended.catch(() => undefined);
    return new AppProcess(child, origin);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get alive(): boolean {
    return running.has(this.#child);
  }

  /** Returns the bytes in use after a garbage collection. */
  async memory(): Promise<number> {
    const answer = once(this.#child, 'message');
    this.#child.send('memory');
    const [{ memory }] = (await answer) as [{ memory: number }];
    return memory;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits until the process has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Exit> {
    return this.#exit(() => this.#child.kill(signal));
  }

  /** Calls only `app.close()`, without ending the process. */
  async close(): Promise<Exit> {
    return this.#exit(() => this.#child.send('close'));
  }

  async #exit(begin: () => void): Promise<Exit> {
    const elapsed = stopwatch();
    const exit = once(this.#child, 'exit');
    begin();
    const [code, signal] = (await exit) as [Exit['code'], Exit['signal']];
    return { code, signal, afterMs: elapsed() };
  }
}

/** For `afterEach`: no process outlives its test. */
export async function killAppProcesses(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      return exit;
    }),
  );
}
