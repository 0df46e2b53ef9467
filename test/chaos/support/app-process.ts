import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BullmqInboxOptions } from '../../../lib/bullmq/index.js';
import { SECRET } from '../../support/static-webhooks.js';
import type { Journal } from './journal.js';
import { stopwatch } from './stopwatch.js';

/** Configuration of an app process. */
export interface AppConfig {
  readonly journal: Journal;
  readonly inbox: Pick<
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
  >;
  /** `false` for a worker without a route. */
  readonly receives?: boolean;
  /** How long each handler takes. */
  readonly handlerMs?: number;
}

/** How a worker of `fixtures/claims-app.js` is set up. */
export interface ClaimsConfig extends Pick<AppConfig, 'journal' | 'inbox'> {
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
  static start(config: AppConfig): Promise<AppProcess> {
    return AppProcess.#start('app.js', config);
  }

  /** Resolves when the worker is ready. */
  static startClaiming(config: ClaimsConfig): Promise<AppProcess> {
    return AppProcess.#start('claims-app.js', config);
  }

  static async #start(fixture: string, { journal, ...config }: AppConfig | ClaimsConfig): Promise<AppProcess> {
    const child = fork(
      join(FIXTURES, fixture),
      [JSON.stringify({ ...config, journal: journal.file, secret: SECRET })],
      {
        execArgv: ['--expose-gc'],
        env: Object.fromEntries(
          Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|NODE_OPTIONS)/.test(name)),
        ),
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
