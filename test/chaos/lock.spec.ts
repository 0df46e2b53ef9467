import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bullmqInbox, type BullmqInboxOptions } from '../../lib/bullmq/index.js';
import type { InboxEngine } from '../../lib/inbox/inbox-engine.js';
import { STORES } from '../support/stores.js';
import { times } from './support/counts.js';
import { Journal } from './support/journal.js';
import { freePort } from '../support/free-port.js';
import { SilentServer } from './support/silent-server.js';

const PROCESSES = times(4, 10);
const ROUNDS = times(10, 20);
/** Rounds in which a process is killed while it holds the lock. */
const KILLED_IN = [3, 8];
const FIXTURE = join('test', 'chaos', 'fixtures', 'lock-holder.js');

/** Configuration of a process that increments the counter. */
interface HolderConfig {
  readonly journal: string;
  readonly counter: string;
  readonly inbox: BullmqInboxOptions;
  readonly rounds: number;
  readonly dieIn?: number | undefined;
}

jest.setTimeout(120_000);
Logger.overrideLogger(false);

describe.each(STORES)('the distributed lock on $name', ({ url }) => {
  let folder: string;
  let counter: string;
  let journal: Journal;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gemini-webhooks-lock-'));
    counter = join(folder, 'counter');
    writeFileSync(counter, '0');
    journal = new Journal();
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    journal.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (config: HolderConfig): Promise<NodeJS.Signals | number> => {
    const child = fork(FIXTURE, [JSON.stringify(config)]);
    children.push(child);
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? code!;
  };

  it(`lets ${PROCESSES} processes work one at a time, even if ${KILLED_IN.length} of them are killed while they hold it`, async () => {
    const inbox = { url, queueName: `lock-${randomUUID()}` };
    const config = { journal: journal.file, counter, inbox, rounds: ROUNDS };
    const exits = await Promise.all(
      Array.from({ length: PROCESSES }, (_, index) => run({ ...config, dieIn: KILLED_IN[index] })),
    );

    const survivors = PROCESSES - KILLED_IN.length;
    expect(exits.toSorted()).toEqual([...Array(survivors).fill(0), ...KILLED_IN.map(() => 'SIGKILL')]);
    const total = survivors * ROUNDS + KILLED_IN.reduce((sum, round) => sum + round - 1, 0);
    expect(Number(readFileSync(counter, 'utf8'))).toBe(total);
    const killed = new Set(exits.flatMap((exit, index) => (exit === 'SIGKILL' ? [children[index]!.pid] : [])));
    expect(overlapping(journal, killed)).toEqual([]);
    expect(journal.uncaught()).toEqual([]);
  });
});

/** Entries between the beginning and the end of another process's work. */
function overlapping(journal: Journal, killed: ReadonlySet<number | undefined>): unknown[] {
  const entries = journal.entries();
  return entries.filter((entry, index) => {
    const before = entries[index - 1];
    return before?.what === 'started' && before.pid !== entry.pid && !killed.has(before.pid);
  });
}

describe.each(STORES)('the distributed lock without its store, on $name', ({ url }) => {
  const WAIT_MS = 500;
  /** Time for the last request that is made within the wait, plus a margin for a busy machine. */
  const BOUND_MS = 8_000;
  let engine: InboxEngine;

  const startOn = async (storeUrl: string) => {
    const inbox = bullmqInbox({ url: storeUrl, queueName: `lock-${randomUUID()}`, workers: false });
    engine = inbox({
      registration: 'default',
      toleranceSeconds: 300,
      handlers: () => [],
      dispatch: async () => ({ retryable: [], final: [] }),
      announce: () => undefined,
    });
    await engine.start?.();
  };

  const expectRefused = async () => {
    const startedAt = Date.now();
    const work = jest.fn(async () => undefined);
    await expect(engine.lock!('endpoint', work, { waitMs: WAIT_MS })).rejects.toMatchObject({
      code: 'inbox_unavailable',
      message: 'The lock "endpoint" could not be requested from the store.',
    });
    expect(work).not.toHaveBeenCalled();
    expect(Date.now() - startedAt).toBeLessThan(BOUND_MS);
  };

  afterEach(() => engine.close());

  it('fails in time if nothing listens at the address', async () => {
    const away = new URL(url);
    away.port = String(await freePort());
    await startOn(away.href);

    await expectRefused();
  });

  it('fails in time if the store never answers', async () => {
    const silent = new SilentServer();
    await silent.start();
    await startOn(silent.url(url));

    await expectRefused();
    await engine.close();
    silent.stop();
  });

  it('fails when the app closes, and rejects the waiting caller', async () => {
    await startOn(url);
    let heldReason: unknown;
    const holding = engine.lock!(
      'endpoint',
      async (held) => {
        const waiting = engine.lock!('endpoint', async () => undefined, { waitMs: 60_000 });
        void engine.close();
        await expect(waiting).rejects.toMatchObject({ code: 'inbox_unavailable' });
        heldReason = held.reason;
      },
      { waitMs: 5_000 },
    );
    await holding;

    expect(heldReason).toMatchObject({ code: 'inbox_unavailable' });
    await expect(engine.lock!('endpoint', async () => undefined, { waitMs: 0 })).rejects.toMatchObject({
      code: 'inbox_unavailable',
    });
  });
});
