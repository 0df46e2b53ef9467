import type { Attributes, SpanKind, SpanStatus } from '@opentelemetry/api';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SECRET } from '../../support/static-webhooks.js';

/** Configuration of `fixtures/traced-app.js`. */
export interface TracedConfig {
  readonly inbox: { readonly url: string; readonly queueName: string };
  /** True for the process with the route, false for the one with the handlers. */
  readonly receives: boolean;
  /** True if BullMQ's own telemetry is passed on. */
  readonly queueIsTraced: boolean;
}

/** A span that a process has exported. */
export interface SentSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly attributes?: Attributes }[];
  readonly status: SpanStatus;
  readonly linked: readonly { readonly spanId: string; readonly attributes?: Attributes }[];
}

const running = new Set<ChildProcess>();

/** A built app in a separate process, with the SDK of OpenTelemetry. */
export class TracedProcess {
  readonly #child: ChildProcess;
  /** Spans that have ended so far. */
  readonly spans: SentSpan[] = [];
  origin = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ span }: { span?: SentSpan }) => {
      if (span) this.spans.push(span);
    });
  }

  /** Resolves when the app listens. */
  static async start(config: TracedConfig): Promise<TracedProcess> {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(GEMINI|GOOGLE|WEBHOOK|NODE_OPTIONS|OTEL)/.test(name)),
    );
    const settings = JSON.stringify({ ...config, secret: SECRET });
    const child = fork(join('test', 'chaos', 'fixtures', 'traced-app.js'), [settings], { execArgv: [], env });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const started = new TracedProcess(child);
    started.origin = await new Promise((resolve, reject) => {
      child.on('message', ({ origin }: { origin?: string }) => {
        if (origin !== undefined) resolve(origin);
      });
      child.once('exit', (code) => reject(new Error(`The app ended before it listened, with ${code}.`)));
    });
    return started;
  }

  /** Closes the app. All its spans have been received then. */
  async close(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.send('close');
    await exit;
  }
}

/** For `afterEach`: no process outlives its test. */
export async function killTracedProcesses(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      return exit;
    }),
  );
}
