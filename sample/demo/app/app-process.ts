import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { DataFolder } from '../data-folder.js';
import type { Terminal } from '../terminal.js';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** A process that has lived for as long did not fail at its start. */
const WELL_MS = 20_000;
const MOST_FAILURES = 5;
const END_TIMEOUT_MS = 12_000;

/** What an app's process is given. */
export interface AppProcessOptions {
  /** `web-1` */
  readonly name: string;
  /** Relative to the sample. */
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: DataFolder;
  readonly terminal: Terminal;
}

/** A process of the app, which is started again when it dies. */
export class AppProcess {
  readonly name: string;
  /** Rejects when it dies at its start again and again. */
  readonly givenUp: Promise<never>;

  readonly #options: AppProcessOptions;
  #giveUp: (error: Error) => void = () => undefined;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  #isEnding = false;
  /** That it dies now says nothing against it. */
  #isVictim = false;

  constructor(options: AppProcessOptions) {
    this.#options = options;
    this.name = options.name;
    this.givenUp = new Promise((_resolve, reject) => (this.#giveUp = reject));
    this.givenUp.catch(() => undefined);
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** As when the machine takes it away. It is started again. @returns the number of the process that was */
  kill(): number | undefined {
    const pid = this.#child?.pid;
    this.#isVictim = this.#child?.kill('SIGKILL') ?? false;
    return pid;
  }

  /** Lets it finish what it does. */
  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (!child) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
    await exit;
    clearTimeout(late);
  }

  /** Without waiting for anything. */
  terminate(): void {
    this.#isEnding = true;
    clearTimeout(this.#restart);
    this.#child?.kill('SIGKILL');
  }

  #start(): void {
    const { name, file, environment, folder } = this.#options;
    const log = openSync(folder.log(name), 'a');
    const env = { ...process.env, NO_COLOR: '1', ...environment, SAMPLE_PROCESS: name };
    const child = fork(new URL(`../../${file}`, import.meta.url), {
      env,
      // Out of reach of Ctrl+C, which would end it before what it says is heard. Without a launcher it ends by itself.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    const startedAt = Date.now();
    this.#child = child;
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      if (!this.#isEnding) this.#died(signal ?? `exit code ${code}`, Date.now() - startedAt);
    });
  }

  #died(how: string, livedMs: number): void {
    const { terminal, folder } = this.#options;
    this.#failures = this.#isVictim || livedMs > WELL_MS ? 1 : this.#failures + 1;
    this.#isVictim = false;
    if (this.#failures > MOST_FAILURES) {
      this.#giveUp(new Error(`${this.name} does not stay up (${how}). What it says is in ${folder.log(this.name)}.`));
      return;
    }
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (this.#failures - 1), LONGEST_WAIT_MS);
    terminal.note('warning', `${this.name} has died (${how}): started again in ${waitMs / 1000} s.`);
    this.#restart = setTimeout(() => this.#start(), waitMs);
  }
}
