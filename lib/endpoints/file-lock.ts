import { randomUUID } from 'node:crypto';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { TimeoutError } from '../errors.js';

const WAIT_MS = 4_000;
const PAUSE_MS = 5;

/** What is done under it takes milliseconds: a lock this old was left by a process that was killed. */
const ABANDONED_AFTER_MS = 3_000;

/**
 * Runs the work while nobody else who asks for this lock does. The lock is a file that only one can make.
 *
 * @throws TimeoutError when it is not to be had within a few seconds
 */
export async function withFileLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  await take(path);
  try {
    return await work();
  } finally {
    await unlink(path).catch(() => undefined);
  }
}

async function take(path: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isTaken(path))) {
    if (Date.now() > deadline)
      throw new TimeoutError(`${path} is held by another process for longer than ${WAIT_MS} ms.`);
    await removeAbandoned(path);
    await wait(PAUSE_MS * (1 + Math.random()));
  }
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function removeAbandoned(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || Date.now() - found.mtimeMs < ABANDONED_AFTER_MS) return;
  // Moved away first: of several who find it, one does.
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).then(
    () => unlink(aside),
    () => undefined,
  );
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
