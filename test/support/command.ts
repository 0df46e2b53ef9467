import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

/** A local program, started without a terminal. */
export class Command {
  readonly #child: ChildProcess;
  readonly #finished: Promise<Finished>;
  #stdout = '';

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const { NO_COLOR: _no, FORCE_COLOR: _force, ...inherited } = process.env;
    const child = spawn(program, args, { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.#stdout += chunk));
    const stderr = text(child.stderr);
    this.#finished = once(child, 'close').then(async ([code]) => {
      running.delete(child);
      return { code: code as number | null, stdout: this.#stdout, stderr: await stderr };
    });
    this.#child = child;
  }

  get stdout(): string {
    return this.#stdout;
  }

  finished(): Promise<Finished> {
    return this.#finished;
  }

  /** Resolves once the output contains the text; rejects if the program ends before. */
  async printed(what: string): Promise<void> {
    while (!this.#stdout.includes(what)) {
      const ended = this.#finished.then(({ stdout, stderr }) => {
        if (!stdout.includes(what)) throw new Error(`ended without printing "${what}":\n${stdout}\n${stderr}`);
      });
      await Promise.race([once(this.#child.stdout!, 'data'), ended]);
    }
  }

  /** Sends a signal and waits until the program has ended. */
  end(signal: NodeJS.Signals): Promise<Finished> {
    this.#child.kill(signal);
    return this.#finished;
  }
}

/** For `afterEach`: no program outlives its test. */
export function killCommands(): void {
  for (const child of running) child.kill('SIGKILL');
}
