import { randomUUID } from 'node:crypto';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { TimeoutError } from '../errors.js';

const MAX_WAIT_MS = 4_000;
const PAUSE_MS = 5;

/** Work under the lock takes milliseconds, so an older lock belongs to a process that was killed. */
const STALE_AFTER_MS = 3_000;

/**
 * Runs the work while it holds a lock file, which only one process can create at a time.
 *
 * @throws TimeoutError when the lock cannot be acquired within a few seconds
 */
export async function withFileLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  await acquire(path);
  try {
    return await work();
  } finally {
    await unlink(path).catch(() => undefined);
  }
}

async function acquire(path: string): Promise<void> {
  const deadline = Date.now() + MAX_WAIT_MS;
  while (!(await tryAcquire(path))) {
    if (Date.now() > deadline)
      throw new TimeoutError(`Another process has held the lock ${path} for more than ${MAX_WAIT_MS} ms.`);
    await removeStale(path);
    await wait(PAUSE_MS * (1 + Math.random()));
  }
}

async function tryAcquire(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || Date.now() - found.mtimeMs < STALE_AFTER_MS) return;
  // Renamed first, so that only one of several processes removes it.
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).then(
    () => unlink(aside),
    () => undefined,
  );
}
