import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUILT = join('sample', 'dist');

/** Builds the sample, unless it is built as it is written. */
export function buildSample(): void {
  const builtAt = statSync(join(BUILT, 'main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isNewer = (file: string) => file.endsWith('.ts') && statSync(join('sample', file)).mtimeMs > builtAt;
  const sources = readdirSync('sample', { recursive: true, encoding: 'utf8' }).filter(
    (file) => !/^(dist|\.data)/.test(file),
  );
  if (sources.some(isNewer))
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'sample/tsconfig.json']);
}

/** A web or worker process of the sample, as built. */
export class SampleProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #log = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = once(child, 'exit');
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    }
  }

  /** Resolves when it is ready; rejects with its log when it ends first. */
  static async start(file: 'main.js' | 'worker.js', env: NodeJS.ProcessEnv): Promise<SampleProcess> {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|SAMPLE|REDIS_URL|DATABASE_URL|NODE_OPTIONS)/.test(name),
    );
    const child = fork(join(BUILT, file), {
      env: { ...Object.fromEntries(inherited), ...env, NO_COLOR: '1' },
      silent: true,
    });
    const started = new SampleProcess(child);
    const failed = started.#exit.then(() => {
      throw new Error(`${file} ended before it was ready:\n${started.log}`);
    });
    await Promise.race([once(child, 'message'), failed]);
    failed.catch(() => undefined);
    return started;
  }

  /** All that it has printed. */
  get log(): string {
    return this.#log;
  }

  /** By SIGKILL. */
  kill(): Promise<unknown> {
    return this.end('SIGKILL');
  }

  /** @returns exit code and signal, once it has ended */
  end(signal: NodeJS.Signals): Promise<unknown> {
    this.#child.kill(signal);
    return this.#exit;
  }

  /** As if the process that has started it were gone. */
  async abandon(): Promise<unknown> {
    this.#child.disconnect();
    return this.#exit;
  }
}
