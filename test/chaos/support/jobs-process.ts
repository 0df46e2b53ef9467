import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BullmqInboxOptions } from '../../../lib/bullmq/index.js';
import type { ReconcileOptions } from '../../../lib/index.js';
import type { GeminiSimulator } from '../../../lib/testing/index.js';
import type { Journal } from './journal.js';

/** Configuration of a process that starts jobs. */
export interface JobsConfig {
  readonly journal: Journal;
  readonly gemini: Pick<GeminiSimulator, 'apiKey' | 'baseUrl' | 'jwksUrl'>;
  readonly inbox: Pick<BullmqInboxOptions, 'url' | 'queueName' | 'lockDurationMs' | 'concurrency'>;
  readonly reconcile: ReconcileOptions;
  /** Ends the process by SIGKILL after Gemini's response to the start (`POST`) or poll (`GET`) of a batch. */
  readonly dieOn?: 'POST' | 'GET';
}

/** A job as reported by the process that started it. */
export interface StartedJob {
  readonly id: string;
  readonly name: string;
}

type Answer = { readonly answer: unknown } | { readonly error: string };

const FIXTURE = join('test', 'chaos', 'fixtures', 'jobs-app.js');
const running = new Set<ChildProcess>();

/** The built app with `GeminiJobs` in a separate process. */
export class JobsProcess {
  readonly #child: ChildProcess;
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>;
  readonly origin: string;

  private constructor(child: ChildProcess, ended: Promise<unknown>, origin: string) {
    this.#child = child;
    this.ended = ended;
    this.origin = origin;
  }

  /** Resolves when the app listens. */
  static async start({ journal, gemini, ...config }: JobsConfig): Promise<JobsProcess> {
    const { apiKey, baseUrl, jwksUrl } = gemini;
    const given = { ...config, journal: journal.file, gemini: { apiKey, baseUrl, jwksUrl } };
    const child = fork(FIXTURE, [JSON.stringify(given)], {
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
    return new JobsProcess(child, ended, origin);
  }

  /** Starts batches, whose webhooks go to `webhooksAt`, or to this process. */
  startJobs(count: number, webhooksAt?: string): Promise<StartedJob[]> {
    return this.#ask({ start: count, webhooksAt });
  }

  /** Outcomes of the jobs in this process: the type of the success event or the code of the error. */
  ends(ids: readonly string[]): Promise<string[]> {
    return this.#ask({ ends: ids });
  }

  /** Starts a batch, which kills the process. */
  startAndDie(webhooksAt: string): Promise<unknown> {
    this.#child.send({ start: 1, webhooksAt });
    return this.ended;
  }

  async #ask<T>(question: object): Promise<T> {
    const message = once(this.#child, 'message');
    this.#child.send(question);
    const [answer] = (await message) as [Answer];
    if ('error' in answer) throw new Error(answer.error);
    return answer.answer as T;
  }
}

/** For `afterEach`: no process outlives its test. */
export async function killJobsProcesses(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      return exit;
    }),
  );
}
