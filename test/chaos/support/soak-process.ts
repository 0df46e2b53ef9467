import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BullmqInboxOptions } from '../../../lib/bullmq/index.js';
import type { ReconcileOptions, RevokePrevious } from '../../../lib/index.js';
import type { GeminiSimulator } from '../../../lib/testing/index.js';

/** Configuration of a process of a soak. */
export interface SoakConfig {
  /** Path of the journal. */
  readonly journal: string;
  readonly gemini: Pick<GeminiSimulator, 'apiKey' | 'baseUrl' | 'jwksUrl'>;
  readonly publicUrl: string;
  readonly inbox: Pick<BullmqInboxOptions, 'url' | 'queueName' | 'lockDurationMs' | 'concurrency'>;
  readonly reconcile: ReconcileOptions;
}

/** What a process holds after a garbage collection. */
export interface Usage {
  /** Bytes. */
  readonly rss: number;
  /** Bytes. */
  readonly heapUsed: number;
  /** Open files and sockets. */
  readonly files: number;
  /** Listeners of `process`. */
  readonly listeners: number;
}

type Answer = { readonly question: number } & ({ readonly answer: unknown } | { readonly error: string });

const FIXTURE = join('test', 'chaos', 'fixtures', 'soak-app.js');
const running = new Set<ChildProcess>();

/** The built app with an inbox, a static webhook and jobs, in a process of its own. */
export class SoakProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #ended: Promise<unknown>;
  readonly origin: string;
  #questions = 0;

  private constructor(child: ChildProcess, ended: Promise<unknown>, origin: string) {
    this.#child = child;
    this.#ended = ended;
    this.origin = origin;
    child.on('message', (answer: Answer) => this.#waiting.get(answer.question)?.(answer));
  }

  /** Resolves when the app listens. */
  static async start(config: SoakConfig): Promise<SoakProcess> {
    const child = fork(FIXTURE, [JSON.stringify(config)], {
      execArgv: ['--expose-gc'],
      env: Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|NODE_OPTIONS)/.test(name)),
      ),
    });
    running.add(child);
    const ended = once(child, 'exit').finally(() => running.delete(child));
    const failed = ended.then(([code]) => {
      throw new Error(`The app ended before it listened, with ${String(code)}.`);
    });
    const [{ origin }] = (await Promise.race([once(child, 'message'), failed])) as [{ origin: string }];
    failed.catch(() => undefined);
    return new SoakProcess(child, ended, origin);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  usage(): Promise<Usage> {
    return this.#ask({ what: 'usage' });
  }

  /** Rotates the secret of the static webhook. */
  rotate(revokePrevious: RevokePrevious): Promise<void> {
    return this.#ask({ what: 'rotate', revokePrevious });
  }

  /** Starts a video, and returns the name of its interaction. */
  startVideo(key: string): Promise<string> {
    return this.#ask({ what: 'video', key });
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits until the process has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }

  async #ask<Result>(asked: object): Promise<Result> {
    const question = (this.#questions += 1);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(question, resolve));
    // With a callback, a closed channel is no `error` event.
    this.#child.send({ question, ...asked }, () => undefined);
    const answer = await Promise.race([answered, this.#ended.then(() => ({ error: 'The app ended.' }))]);
    this.#waiting.delete(question);
    if ('error' in answer) throw new Error(answer.error);
    return answer.answer as Result;
  }
}

/** For `afterEach`: no process outlives its test. */
export async function killSoakProcesses(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      return exit;
    }),
  );
}
