import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../integration/support/own-stores.js';
import { Command } from './command.js';
import { until } from './until.js';

const QUICK = { SAMPLE_SPEED: '4' };

/** What the shell of whoever runs the tests may say to the demo. */
const NOTHING_SAID = Object.fromEntries(
  [
    'DATABASE_URL',
    'REDIS_URL',
    'GEMINI_API_KEY',
    'GOOGLE_API_KEY',
    'GEMINI_WEBHOOK_PUBLIC_URL',
    'GEMINI_WEBHOOK_INBOX_URL',
  ].map((name) => [name, '']),
);

/** Builds what `npm run demo` runs. The package is built already. */
export function buildDemo(): void {
  execFileSync(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build', 'sample']);
}

/** `npm run demo` with a data folder of its own. */
export class SampleDemo {
  readonly folder: string;
  readonly port: number;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string, port: number, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.port = port;
    this.#env = env;
  }

  /** @param env besides a simulator whose time runs fast */
  static async prepare(env: NodeJS.ProcessEnv = {}): Promise<SampleDemo> {
    const folder = mkdtempSync(join(tmpdir(), 'sample-demo-'));
    return new SampleDemo(folder, await freePort(), { ...NOTHING_SAID, ...QUICK, SAMPLE_DATA_DIR: folder, ...env });
  }

  /** On its own port. */
  start(...args: string[]): SampleDemoRun {
    return this.startWith('--port', String(this.port), ...args);
  }

  startWith(...args: string[]): SampleDemoRun {
    return new Command(process.execPath, ['sample/dist/demo/main.js', ...args], this.#env);
  }

  in(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** The process that is kept under that name. */
  keptProcess(name: 'simulator' | 'postgres'): number {
    return (JSON.parse(readFileSync(this.in(`${name}.json`), 'utf8')) as { readonly pid: number }).pid;
  }

  /** Names of what it has left running. */
  left(): string[] {
    return ['app.json', 'simulator.json', 'postgres.json', 'postgres/postmaster.pid'].filter((name) =>
      existsSync(this.in(name)),
    );
  }

  /** Ends what a test has left running, and removes the folder. */
  async remove(): Promise<void> {
    for (const name of ['simulator', 'postgres'] as const) {
      if (!existsSync(this.in(`${name}.json`))) continue;
      const pid = this.keptProcess(name);
      if (isAlive(pid)) process.kill(pid, 'SIGTERM');
      await until(() => !isAlive(pid));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export type SampleDemoRun = Command;

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
