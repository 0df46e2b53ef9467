import type { ChildProcess } from 'node:child_process';
import { Subject, type Observable } from 'rxjs';
import type { DemoLogger } from '../demo-logger.js';
import { endChild, nextMessage, startChild } from './child.js';
import type { WorkerMessage } from './worker-messages.js';

/** The worker, as the demo starts, kills and hears it. What it says waits until it is asked for. */
export class WorkerProcess {
  readonly #logger: DemoLogger;
  readonly #failed = new Subject<string>();
  readonly #flushed = new Subject<void>();
  #unread: WorkerMessage[] = [];
  #reading = false;
  #child: ChildProcess | undefined;

  constructor(logger: DemoLogger) {
    this.#logger = logger;
  }

  /** The name of each handler that fails. */
  get failed$(): Observable<string> {
    return this.#failed;
  }

  async start(): Promise<void> {
    const child = startChild('./worker.js', { INBOX_WORKERS: 'true' });
    this.#child = child;
    await nextMessage(child);
    child.on('message', (message: WorkerMessage) => this.#hear(message));
  }

  async kill(): Promise<void> {
    if (this.#child) await endChild(this.#child, (child) => child.kill('SIGKILL'));
  }

  /** Shows what it has said and what it says from now on. */
  read(): void {
    this.#reading = true;
    for (const message of this.#unread.splice(0)) this.#show(message);
  }

  /** Lets what it says wait again, once all that it has said so far is shown. */
  async pause(): Promise<void> {
    const flushed = new Promise<void>((resolve) => {
      const subscription = this.#flushed.subscribe(() => {
        subscription.unsubscribe();
        resolve();
      });
    });
    this.#child?.send('flush');
    await flushed;
    this.#reading = false;
  }

  async end(): Promise<void> {
    if (this.#child) await endChild(this.#child, (child) => child.kill('SIGTERM'));
  }

  #hear(message: WorkerMessage): void {
    if (this.#reading) this.#show(message);
    else this.#unread.push(message);
  }

  #show(message: WorkerMessage): void {
    if (message.kind === 'log' || message.kind === 'error')
      this.#logger[message.kind](message.message, message.context);
    else if (message.kind === 'failed') this.#failed.next(message.handler);
    else if (message.kind === 'flushed') this.#flushed.next();
  }
}
