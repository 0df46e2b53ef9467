import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './until.js';

/** The server; `promtool` is beside it. */
export const PROMETHEUS_PATH = process.env['TEST_PROMETHEUS_PATH'];

/** Runs `promtool`, and rejects with what it prints if it finds something. */
export async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(join(dirname(PROMETHEUS_PATH!), 'promtool'), [...args]);
  return stdout;
}

export interface Prometheus {
  /** Reads its HTTP API, and rejects with what it answers to a query that it does not understand. */
  get<Data>(path: string): Promise<Data>;
  stop(): Promise<void>;
}

/** Starts a server with that configuration file, and resolves when it answers. */
export async function startPrometheus(config: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-prometheus-'));
  const child = spawn(
    PROMETHEUS_PATH!,
    [`--config.file=${config}`, `--storage.tsdb.path=${folder}`, '--web.listen-address=127.0.0.1:0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exit = once(child, 'exit');
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const stop = async () => {
    child.kill('SIGTERM');
    await exit;
    await rm(folder, { recursive: true, force: true });
  };
  const port = () => /Listening on" address=127\.0\.0\.1:(\d+)/.exec(log)?.[1];
  const get = async <Data>(path: string): Promise<Data> => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Prometheus has ended: ${log}`);
    const response = await fetch(`http://127.0.0.1:${port()}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: Data; error?: string };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  try {
    await until(() => child.exitCode !== null || /Server is ready/.test(log));
    await get('status/buildinfo');
  } catch (error) {
    await stop();
    throw error;
  }
  return { get, stop };
}
