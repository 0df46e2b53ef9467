import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TimeoutError } from '../errors.js';

const MAX_WAIT_MS = 4_000;
const PAUSE_MS = 5;

/** Work under the lock takes milliseconds, so an older lock belongs to a process that was killed. */
const STALE_AFTER_MS = 3_000;

/** Errors of a rename to a folder that is not empty, and to the file that was the lock in version 0.2.0. */
const HELD: ReadonlySet<unknown> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR']);
const HELD_ON_WINDOWS: ReadonlySet<unknown> = new Set([...HELD, 'EPERM', 'EACCES', 'EBUSY']);

/**
 * Runs the work while it holds a lock: a folder that contains a file with a name of its own. Each step of taking and
 * removing it is atomic and fails for the lock of another process, which has another file in it.
 *
 * @throws TimeoutError when the lock cannot be acquired within a few seconds
 */
export async function withFileLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const token = randomUUID();
  await acquire(path, token);
  try {
    return await work();
  } finally {
    await remove(path, [token]);
  }
}

async function acquire(path: string, token: string): Promise<void> {
  const deadline = Date.now() + MAX_WAIT_MS;
  while (!(await tryAcquire(path, token))) {
    if (Date.now() > deadline)
      throw new TimeoutError(`Another process has held the lock ${path} for more than ${MAX_WAIT_MS} ms.`);
    await removeStale(path);
    await wait(PAUSE_MS * (1 + Math.random()));
  }
}

async function tryAcquire(path: string, token: string): Promise<boolean> {
  const draft = `${path}.${token}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    await writeFile(join(draft, token), '', { mode: 0o600 });
    await rename(draft, path);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    if (isHeld(error)) return false;
    throw error;
  }
}

async function removeStale(path: string): Promise<void> {
  // The names come first, so that they are not those of a lock taken after the stale one.
  const tokens = await readdir(path).catch(() => []);
  const found = await stat(path).catch(() => undefined);
  if (!found || Date.now() - found.mtimeMs < STALE_AFTER_MS) return;
  if (!found.isDirectory()) await unlink(path).catch(() => undefined);
  await remove(path, tokens);
}

/** Removes the lock if it contains no other file. */
async function remove(path: string, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) await unlink(join(path, token)).catch(() => undefined);
  await rmdir(path).catch(() => undefined);
}

function isHeld(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return (process.platform === 'win32' ? HELD_ON_WINDOWS : HELD).has(code);
}
