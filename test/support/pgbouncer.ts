import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';

/** Path of PgBouncer from `find-servers.js`, if any. */
export const PGBOUNCER_PATH = process.env['TEST_PGBOUNCER_PATH'];

/** PgBouncer refuses to run as root. The user `nobody` exists everywhere. */
const NOBODY = 65_534;

/** A PgBouncer with default settings in front of the test's PostgreSQL. */
export class PgBouncer {
  #child: ChildProcess | undefined;
  #folder = '';
  #url = '';

  /** URL of the pooler, with the user and database of the server. */
  get url(): string {
    return this.#url;
  }

  async start(postgres: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const server = new URL(postgres);
    const port = await freePort();
    this.#folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-pgbouncer-'));
    await chmod(this.#folder, 0o755);
    const password = server.password ? ` password=${decodeURIComponent(server.password)}` : '';
    const own = { listen_addr: '127.0.0.1', listen_port: String(port), unix_socket_dir: '', auth_type: 'any' };
    const lines = [
      '[databases]',
      `* = host=${server.hostname} port=${server.port || '5432'} user=${server.username}${password}`,
      '[pgbouncer]',
      ...Object.entries({ ...own, ...settings }).map(([name, value]) => `${name} = ${value}`),
    ];
    const file = join(this.#folder, 'pgbouncer.ini');
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o644 });
    const as = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    this.#child = spawn(PGBOUNCER_PATH!, [file], { stdio: 'ignore', ...as });
    const url = new URL(postgres);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    this.#url = url.href;
    await until(() => listens(port), { withinMs: 10_000 });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
