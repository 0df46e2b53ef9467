import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { GeminiSimulator } from '../../../lib/testing/index.js';
import { freePort } from '../../support/free-port.js';

/** For a machine that has much else to do. */
export const COMMAND_TIMEOUT_MS = 120_000;

const running = new Set<SampleCommand>();

/** `npm run sample -- <name> <run>` in a separate process group. */
export class SampleCommand {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  readonly #name: string;
  #output = '';

  private constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    const inherited = Object.entries(process.env).filter(
      ([variable]) => !/^(GEMINI|GOOGLE|WEBHOOK|DATABASE_URL|NODE_OPTIONS|PORT|FORCE_COLOR)/.test(variable),
    );
    this.#name = name;
    this.#child = spawn('npm', ['run', '--silent', 'sample', '--', name, ...args], {
      env: { ...Object.fromEntries(inherited), ...env, NO_COLOR: '1' },
      detached: true,
      stdio: 'pipe',
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.#closed = once(this.#child, 'close').then(([code]) => {
      running.delete(this);
      return code as number | null;
    });
    running.add(this);
  }

  /** @param gemini a simulated Gemini that outlives the command; the command starts its own unless given */
  static async start(
    name: string,
    { gemini, run, env = {} }: { gemini?: GeminiSimulator; run?: string; env?: NodeJS.ProcessEnv },
  ): Promise<SampleCommand> {
    const port = String(await freePort());
    const simulated = gemini && {
      GEMINI_API_KEY: gemini.apiKey,
      GOOGLE_GEMINI_BASE_URL: gemini.baseUrl,
      GEMINI_WEBHOOK_JWKS_URL: gemini.jwksUrl,
      GEMINI_WEBHOOK_PUBLIC_URL: `http://127.0.0.1:${port}`,
    };
    return new SampleCommand(name, run === undefined ? [] : [run], { PORT: port, ...simulated, ...env });
  }

  /** Ends every running command by SIGKILL. For `afterEach`. */
  static async endAll(): Promise<void> {
    await Promise.all([...running].map((command) => command.end('SIGKILL')));
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves with the exit code once all processes of the command have ended; null after a signal. */
  get exitCode(): Promise<number | null> {
    return this.#closed;
  }

  /** Resolves once the output contains the text or matches; rejects if the command ends before. */
  async printed(text: string | RegExp): Promise<void> {
    const isPrinted = () => (typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output));
    const ended = this.#closed.then(() => {
      if (!isPrinted()) throw new Error(`${this.#name} ended without "${text}":\n${this.#output}`);
    });
    while (!isPrinted()) {
      const data = [this.#child.stdout!, this.#child.stderr!].map((stream) => once(stream, 'data'));
      await Promise.race([...data, ended]);
    }
    ended.catch(() => undefined);
  }

  /** Writes a line to the standard input. */
  type(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** Sends a signal to all processes of the command, as a terminal does. Resolves when they have ended. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    process.kill(-this.#child.pid!, signal);
    return this.#closed;
  }
}
