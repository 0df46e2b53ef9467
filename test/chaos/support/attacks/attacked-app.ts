import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { BINDING_SECRET } from '../../../support/binding-tokens.js';
import type { Stolen } from './sender.js';

/** What the app reports of itself. */
export interface AttackedAppReport {
  /** Runs of its handler by the sender of the event. */
  readonly runs: Readonly<Record<string, number>>;
  /** Rejections, exceptions and warnings that nothing handled. */
  readonly faults: readonly string[];
  readonly connections: number;
  /** Bytes in use after a garbage collection. */
  readonly memory: number;
}

/** What the sender of authentic deliveries reports. */
export interface SteadyReport {
  /** How long each response took, in milliseconds. */
  readonly times: readonly number[];
  /** Responses other than 200 `processed`. */
  readonly others: readonly string[];
}

const FIXTURES = join('test', 'chaos', 'fixtures');
const running = new Set<ChildProcess>();

/** An app in a process of its own, and a process that sends it authentic deliveries. */
export class AttackedApp {
  readonly port: number;
  readonly #app: ChildProcess;
  readonly #sender: ChildProcess;

  private constructor(port: number, app: ChildProcess, sender: ChildProcess) {
    this.port = port;
    this.#app = app;
    this.#sender = sender;
  }

  static async start(
    adapter: string,
    { secret, google, audience, issuer, bodyLimitBytes }: Stolen,
    bodyTimeoutMs: number,
  ): Promise<AttackedApp> {
    const options = {
      hmac: { secrets: secret },
      jwks: { keySet: google.keySet, audience, issuer },
      binding: { secret: BINDING_SECRET },
      gemini: false,
      // Tokens are signed once, before a run that may take long.
      toleranceSeconds: 3_600,
      bodyLimitBytes,
      bodyTimeoutMs,
    };
    const app = start('attacked-app.js', { adapter, options }, ['--expose-gc']);
    const { port } = await messageOf<{ port: number }>(app);
    const sender = start('steady-sender.js', { port, secret }, []);
    await messageOf(sender);
    return new AttackedApp(port, app, sender);
  }

  /** Runs the work while authentic deliveries arrive, at least one. */
  async steadily(work: () => Promise<unknown>): Promise<SteadyReport> {
    this.#sender.send('start');
    await work();
    const report = messageOf<SteadyReport>(this.#sender);
    this.#sender.send('stop');
    return report;
  }

  async report(): Promise<AttackedAppReport> {
    const report = messageOf<AttackedAppReport>(this.#app);
    this.#app.send('report');
    return report;
  }
}

/** For `afterEach`: no process outlives its test. */
export async function killAttackedApps(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      return exit;
    }),
  );
}

function start(fixture: string, config: object, execArgv: readonly string[]): ChildProcess {
  const child = fork(join(FIXTURES, fixture), [JSON.stringify(config)], {
    execArgv: [...execArgv],
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|NODE_OPTIONS)/.test(name)),
    ),
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Resolves with the next message; rejects if the process ends instead. */
async function messageOf<Message>(child: ChildProcess): Promise<Message> {
  const stopped = new AbortController();
  const ended = once(child, 'exit', { signal: stopped.signal }).then(([code, signal]) => {
    throw new Error(`The process ended with ${String(code ?? signal)}.`);
  });
  ended.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message];
    return message;
  } finally {
    stopped.abort();
  }
}
