import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { until } from './until.js';
import { freePort } from './free-port.js';

/** Variables that a shell may have set for another app. */
const NO_STORE = { DATABASE_URL: '', GOOGLE_API_KEY: '', GEMINI_API_KEY: '' };
const running = new Set<ChildProcess>();

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { demo: string } };
/** The command of `npm run demo`, without npm, which would come between a test's signals and the demo. */
const [, ...DEMO] = scripts.demo.split(' ');

/** `npm run demo` in a separate process group, as a shell starts it. */
export class Showcase {
  readonly port: number;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  private constructor(port: number, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.port = port;
    this.#child = spawn(process.execPath, [...DEMO, '--port', String(port), ...args], {
      env: { ...process.env, ...NO_STORE, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.#child);
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#ended = once(this.#child, 'close').then(([code]) => {
      running.delete(this.#child);
      return code as number | null;
    });
  }

  static async start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Showcase> {
    return new Showcase(await freePort(), args, env);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves once the demo has printed the text or a match. @throws Error if it ends before */
  async printed(text: string | RegExp): Promise<void> {
    while (!(typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout))) {
      const ended = this.#ended.then((code) => {
        throw new Error(`ended with ${code} before it printed "${text}":\n${this.stdout}\n${this.stderr}`);
      });
      await Promise.race([once(this.#child.stdout!, 'data'), ended]);
    }
  }

  /** @returns the exit code */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Sends a signal to the process group, as Ctrl+C in a terminal does. @returns the exit code */
  interrupt(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    process.kill(-this.#child.pid!, signal);
    return this.#ended;
  }

  /** Ids of all descendant processes. */
  descendants(): number[] {
    const table = execFileSync('ps', ['-eo', 'pid=,ppid=', '-ww'], { encoding: 'utf8' });
    const rows = table
      .trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/).map(Number));
    const found = new Set([this.#child.pid!]);
    for (const ancestor of found) for (const [pid, parent] of rows) if (parent === ancestor) found.add(pid!);
    return [...found].filter((pid) => pid !== this.#child.pid);
  }
}

/** Ends every demo. For `afterEach` or `afterAll`. PostgreSQL ends with its parent. */
export async function endShowcases(): Promise<void> {
  for (const child of running) process.kill(-child.pid!, 'SIGTERM');
  await until(() => running.size === 0);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
