import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { DataFolder } from '../data-folder.js';
import type { WaiterMessage } from '../waiter.js';

/** A process that waits for a job that another has started, and whose webhook a third gets. */
export class WaitingProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;

  constructor(environment: Readonly<Record<string, string>>, folder: DataFolder) {
    const log = openSync(folder.log('waiter'), 'a');
    const env = { ...process.env, NO_COLOR: '1', ...environment, SAMPLE_PROCESS: 'waiter' };
    const file = new URL('../waiter.js', import.meta.url);
    this.#child = fork(file, { env, detached: true, stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.#ready = this.#next();
    this.#ready.catch(() => undefined);
  }

  /** Waits for the workflow's job there. @returns the event's type, or why there was none */
  async waitFor(workflow: string): Promise<WaiterMessage> {
    try {
      await this.#ready;
      this.#child.send(workflow);
      return (await this.#next()) as WaiterMessage;
    } catch (error) {
      return { problem: (error as Error).message };
    }
  }

  terminate(): void {
    this.#child.kill('SIGKILL');
  }

  async #next(): Promise<unknown> {
    const ended = once(this.#child, 'exit').then(([code, signal]) => {
      throw new Error(`the process that waits has ended (${signal ?? `exit code ${code}`})`);
    });
    ended.catch(() => undefined);
    const [message] = (await Promise.race([once(this.#child, 'message'), ended])) as [unknown];
    return message;
  }
}
