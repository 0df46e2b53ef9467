import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BullmqInboxOptions, BullmqSecretStoreOptions } from '../../../lib/bullmq/index.js';
import type { EndpointSyncResult, RevokePrevious } from '../../../lib/index.js';
import type { Journal } from './journal.js';

/** Configuration of a process with a static webhook. */
export interface EndpointsConfig {
  readonly journal: Journal;
  readonly gemini: { readonly apiKey: string; readonly baseUrl: string };
  /** Uses the inline inbox if not set. */
  readonly inbox?: Pick<BullmqInboxOptions, 'url' | 'queueName'> | undefined;
  /** Location of the signing secrets. */
  readonly secrets: { readonly file: string } | Pick<BullmqSecretStoreOptions, 'url' | 'prefix'>;
  /** Number of steps after which SIGKILL ends the process: responses from Gemini and saves to the store. */
  readonly dieAfterStep?: number | undefined;
}

type Question =
  | { readonly sync: { readonly name: string; readonly events: readonly string[] } }
  | { readonly rotate: { readonly id: string; readonly revokePrevious: RevokePrevious } };
type Answer = { readonly question: number } & ({ readonly answer: unknown } | { readonly error: string });

const FIXTURE = join('test', 'chaos', 'fixtures', 'endpoints-app.js');
const running = new Set<ChildProcess>();

/** The built app with `GeminiWebhookEndpoints` in a separate process. */
export class EndpointsProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #questions = 0;
  /** Resolves with the signal or exit code when the process has ended. */
  readonly ended: Promise<NodeJS.Signals | number>;
  /** URL for deliveries. */
  readonly uri: string;

  private constructor(child: ChildProcess, ended: EndpointsProcess['ended'], origin: string) {
    this.#child = child;
    this.ended = ended;
    this.uri = `${origin}/gemini/webhooks`;
    child.on('message', (answer: Answer) => this.#waiting.get(answer.question)?.(answer));
  }

  /** Resolves when the app listens. */
  static async start({ journal, ...config }: EndpointsConfig): Promise<EndpointsProcess> {
    const child = fork(FIXTURE, [JSON.stringify({ ...config, journal: journal.file })], {
      env: Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|NODE_OPTIONS)/.test(name)),
      ),
    });
    running.add(child);
    const ended = once(child, 'exit').then(([code, signal]: (NodeJS.Signals | number)[]) => {
      running.delete(child);
      return (signal ?? code)!;
    });
    const failed = ended.then((how) => {
      throw new Error(`The app ended before it listened, with ${how}.`);
    });
    const [{ origin }] = (await Promise.race([once(child, 'message'), failed])) as [{ origin: string }];
    failed.catch(() => undefined);
    return new EndpointsProcess(child, ended, origin);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Calls `GeminiWebhookEndpoints.sync` in the process. */
  sync(name: string, events: readonly string[]): Promise<EndpointSyncResult> {
    return this.#ask({ sync: { name, events } });
  }

  /** Calls `GeminiWebhookEndpoints.rotate` in the process. */
  rotate(id: string, revokePrevious: RevokePrevious): Promise<void> {
    return this.#ask({ rotate: { id, revokePrevious } });
  }

  async #ask<T>(asked: Question): Promise<T> {
    const question = (this.#questions += 1);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(question, resolve));
    this.#child.send({ question, ...asked });
    const ended = this.ended.then((how) => ({ error: `The app ended before it answered, with ${how}.` }));
    const answer = await Promise.race([answered, ended]);
    this.#waiting.delete(question);
    if ('error' in answer) throw new Error(answer.error);
    return answer.answer as T;
  }
}

/** For `afterEach`: no process outlives its test. */
export async function killEndpointsProcesses(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      return exit;
    }),
  );
}
