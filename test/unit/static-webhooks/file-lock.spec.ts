import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferred } from '../../support/deferred.js';

jest.setTimeout(60_000);

/** Called before each call of a process to its file system. */
type Step = () => Promise<void> | void;

const processes = new AsyncLocalStorage<Step>();

const stepping = Object.fromEntries(
  Object.entries(fs).map(([name, call]) => [
    name,
    typeof call !== 'function'
      ? call
      : async (...given: unknown[]) => {
          await processes.getStore()?.();
          return (call as (...given: unknown[]) => unknown)(...given);
        },
  ]),
);
jest.unstable_mockModule('node:fs/promises', () => ({ ...stepping, default: stepping }));
const { withFileLock } = await import('../../../lib/static-webhooks/file-lock.js');

/** More calls than one round of waiting for a lock makes. */
const SEVERAL_ROUNDS = 30;

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'lock-'));
  lock = join(folder, 'secrets.json.lock');
});

afterEach(() => fs.rm(folder, { recursive: true }));

const makeStale = async () => {
  const longAgo = new Date(Date.now() - 60_000);
  await fs.utimes(lock, longAgo, longAgo);
};

/** Leaves the lock of a process that was killed while it held it. */
const leftBy: Readonly<Record<string, () => Promise<void>>> = {
  'this version': async () => {
    await withFileLock(lock, () => fs.cp(lock, `${lock}.kept`, { recursive: true }));
    await fs.rename(`${lock}.kept`, lock);
    await makeStale();
  },
  'version 0.2.0': async () => {
    await fs.writeFile(lock, '');
    await makeStale();
  },
};

/** A process that takes the lock. It holds it from `held` until `release`. */
function taker(step: Step = () => undefined) {
  const [held, released] = [deferred(), deferred()];
  const work = async () => {
    held.resolve();
    await released.promise;
  };
  const done = processes.run(step, () => withFileLock(lock, work));
  const release = async () => {
    await held.promise;
    released.resolve();
    await done;
  };
  return { held: held.promise, release };
}

/** A process that takes the lock, and is paused before that call to its file system. */
function pausedTaker(pausedAt: number) {
  const [paused, resumed, waits] = [deferred(), deferred(), deferred()];
  let calls = 0;
  const { held, release } = taker(async () => {
    calls += 1;
    if (calls === pausedAt + SEVERAL_ROUNDS) waits.resolve();
    if (calls !== pausedAt) return;
    paused.resolve();
    await resumed.promise;
  });
  return {
    release,
    resume: () => resumed.resolve(),
    /** True once it is paused, false once it holds the lock without having been paused. */
    isPaused: Promise.race([paused.promise.then(() => true), held.then(() => false)]),
    /** True once it has tried for several rounds since, false once it holds the lock. */
    isExcluded: Promise.race([waits.promise.then(() => true), held.then(() => false)]),
  };
}

describe.each(Object.keys(leftBy))('a stale lock of %s', (version) => {
  it('is taken over by one process, wherever another that also found it was paused', async () => {
    for (let pausedAt = 1; ; pausedAt += 1) {
      await leftBy[version]!();
      const first = pausedTaker(pausedAt);
      if (!(await first.isPaused)) {
        first.resume();
        await first.release();
        expect(pausedAt).toBeGreaterThan(5);
        return;
      }
      const second = pausedTaker(0);
      const isSecondExcluded = await second.isExcluded;
      first.resume();
      const isFirstExcluded = await first.isExcluded;

      expect({ pausedAt, isOneExcluded: isFirstExcluded !== isSecondExcluded }).toEqual({
        pausedAt,
        isOneExcluded: true,
      });
      for (const process of isFirstExcluded ? [second, first] : [first, second]) await process.release();
      expect(await fs.readdir(folder)).toEqual([]);
    }
  });
});

describe('withFileLock', () => {
  it('leaves the lock of a process that took it over', async () => {
    const slow = taker();
    await slow.held;
    await makeStale();
    const next = taker();
    await next.held;

    await slow.release();

    const third = pausedTaker(0);
    expect(await third.isExcluded).toBe(true);
    await next.release();
    await third.release();
    expect(await fs.readdir(folder)).toEqual([]);
  });

  it('throws what the file system refuses, and leaves nothing', async () => {
    lock = join(folder, 'missing', 'secrets.json.lock');

    await expect(withFileLock(lock, async () => undefined)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await fs.readdir(folder)).toEqual([]);
  });
});
