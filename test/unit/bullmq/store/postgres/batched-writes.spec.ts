import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { JobJson } from 'bullmq';
import { ANSWER_TIMEOUT_MS } from '../../../../../lib/bullmq/store/inbox-store.js';
import { batchWrites } from '../../../../../lib/bullmq/store/postgres/batched-writes.js';
import { deferred, type Deferred } from '../../../../support/deferred.js';
import { until } from '../../../../support/until.js';

/** A queue's backend whose statements the test ends, one by one. */
function slowBackend() {
  const statements: { ids: string[]; gate: Deferred }[] = [];
  const send = async (ids: string[]) => {
    const gate = deferred();
    statements.push({ ids, gate });
    await gate.promise;
  };
  const backend = {
    qualifiedName: 'inbox',
    connection: {
      pool: {
        query: async (_text: string, [, jobs]: unknown[]) => {
          await send((JSON.parse(String(jobs)) as { id: string }[]).map(({ id }) => id));
          return { rows: [] };
        },
      },
    },
    changeDelay: async () => undefined,
    addJob: async (_job: JobJson, id: string) => {
      await send([id]);
      return id;
    },
  };
  batchWrites(backend);
  const add = (id: string, data = '{}') =>
    backend.addJob({ name: 'batch.succeeded', data, opts: {}, timestamp: 1 } as JobJson, id);
  return { add, statements, idsSent: () => statements.map(({ ids }) => ids) };
}

afterEach(() => {
  jest.useRealTimers();
});

describe('jobs that are added at the same time on PostgreSQL', () => {
  it('are sent at once while few statements are under way, and share the next ones', async () => {
    const { add, statements, idsSent } = slowBackend();
    const added = ['a', 'b', 'c', 'd', 'e'].map((id) => add(id));
    expect(idsSent()).toEqual([['a'], ['b']]);

    statements[1]!.gate.resolve();
    expect(await added[1]).toBe('b');
    await until(() => statements.length === 3);
    expect(idsSent().at(-1)).toEqual(['c', 'd', 'e']);
    for (const { gate } of statements) gate.resolve();
    expect(await Promise.all(added)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('are confirmed only when their own statement has ended', async () => {
    const { add, statements } = slowBackend();
    const confirmed: string[] = [];
    const added = ['a', 'b', 'c', 'd'].map((id) => add(id).then((done) => confirmed.push(done)));
    statements[0]!.gate.resolve();
    statements[1]!.gate.resolve();
    await until(() => statements.length === 3);
    expect(confirmed).toEqual(['a', 'b']);

    statements[2]!.gate.resolve();
    await Promise.all(added);
    expect(confirmed).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    ['64 jobs', 130, '{}', [64, 64, 2]],
    ['4 MB', 3, 'x'.repeat(3_000_000), [1, 1, 1]],
  ])('share a statement with at most %s', async (_limit, jobs, data, sizes) => {
    const { add, statements, idsSent } = slowBackend();
    const added = [
      add('first'),
      add('second'),
      ...Array.from({ length: jobs }, (_, index) => add(`job${index}`, data)),
    ];
    for (let ended = 0; ended < sizes.length + 2; ended += 1) {
      await until(() => statements.length > ended);
      statements[ended]!.gate.resolve();
    }
    await Promise.all(added);
    expect(idsSent().map(({ length }) => length)).toEqual([1, 1, ...sizes]);
  });

  it.each([
    ['cannot be stored', '22P02'],
    ['waits for a lock until the statement times out', '57014'],
    ['cannot get a lock', '55P03'],
  ])('are added one by one if one of them %s, which alone fails', async (_what, code) => {
    const { add, statements, idsSent } = slowBackend();
    const added = ['a', 'b', 'good', 'bad', 'better'].map((id) => add(id));
    const results = Promise.allSettled(added);
    statements[0]!.gate.resolve();
    await until(() => statements.length === 3);
    statements[2]!.gate.reject(Object.assign(new Error('refused by the server'), { code }));
    await until(() => statements.length === 6);
    expect(idsSent().slice(3)).toEqual([['good'], ['bad'], ['better']]);

    for (const { ids, gate } of statements)
      if (ids[0] === 'bad') gate.reject(new Error('invalid'));
      else gate.resolve();
    expect((await results).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('do not wait for blocked statements whose callers have given up', async () => {
    jest.useFakeTimers();
    const { add, idsSent } = slowBackend();
    for (const id of ['a', 'b']) void add(id);
    await jest.advanceTimersByTimeAsync(1_000);
    void add('c');
    expect(idsSent()).toEqual([['a'], ['b']]);

    await jest.advanceTimersByTimeAsync(ANSWER_TIMEOUT_MS - 1_000);
    expect(idsSent()).toEqual([['a'], ['b'], ['c']]);
  });

  it('all fail if the store is unavailable, without another request', async () => {
    const { add, statements } = slowBackend();
    const results = Promise.allSettled(['a', 'b', 'c', 'd'].map((id) => add(id)));
    statements[0]!.gate.resolve();
    statements[1]!.gate.resolve();
    await until(() => statements.length === 3);
    statements[2]!.gate.reject(new Error('Connection terminated unexpectedly'));
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(statements).toHaveLength(3);
  });
});
