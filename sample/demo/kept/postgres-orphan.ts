import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { LOOPBACK } from '../ports.js';

const ATTEMPTS = 150;
const ATTEMPT_MS = 100;
const REFUSED_ATTEMPTS = 10;
const STARTING = '57P03';

/**
 * Ends a PostgreSQL that still runs on this data although the process that started it was killed. A note of one that
 * does not run is removed, since its number may be another process's by now, for which PostgreSQL would not start.
 *
 * @returns whether there was one
 */
export async function endOrphan(data: string, password: string | undefined): Promise<boolean> {
  const lock = join(data, 'postmaster.pid');
  const [pid, , , port] = (await readFile(lock, 'utf8').catch(() => '')).split('\n').map(Number);
  if (!pid || !port || !isAlive(pid)) return false;
  if (!(await servesFrom(data, port, password))) {
    await rm(lock, { force: true });
    return false;
  }
  process.kill(pid, 'SIGINT');
  for (let attempt = 1; isAlive(pid); attempt += 1) {
    if (attempt === ATTEMPTS)
      throw new Error(`PostgreSQL of another run (process ${pid}) does not end: end it yourself.`);
    await pause(ATTEMPT_MS);
  }
  return true;
}

/** Whether a PostgreSQL on that port has this folder open. */
async function servesFrom(data: string, port: number, password: string | undefined): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const client = new Client({ host: LOOPBACK, port, user: 'postgres', password, database: 'postgres' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ readonly data_directory: string }>('show data_directory');
      return rows[0]?.data_directory === data;
    } catch (error) {
      const { code } = error as { readonly code?: string };
      const mayCome = code === STARTING || (code === 'ECONNREFUSED' && attempt < REFUSED_ATTEMPTS);
      if (!mayCome || attempt === ATTEMPTS) return false;
    } finally {
      await client.end().catch(() => undefined);
    }
    await pause(ATTEMPT_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
