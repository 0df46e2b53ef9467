import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Client } from 'pg';
import { postgresLocks } from '../../../../../lib/bullmq/store/postgres/postgres-locks.js';
import { STORES } from '../../../../support/stores.js';

describe.each(STORES.filter(({ name }) => name === 'PostgreSQL'))('the lock on $name', ({ url }) => {
  const scope = ['bullmq', `lock-${randomUUID()}`];
  const application_name = scope[1]!;
  let server: Client;

  const lock = (of = scope, leaseMs = 10_000) =>
    postgresLocks((config) => new Client({ ...config, connectionString: url, application_name }), of, { leaseMs });

  const sessions = async () => {
    const { rows } = await server.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE application_name = $1',
      [application_name],
    );
    return rows.map(({ pid }) => pid);
  };

  beforeAll(async () => {
    server = new Client({ connectionString: url });
    await server.connect();
  });

  afterAll(() => server.end());

  it('is held by its own connection while the work runs, and released afterwards', async () => {
    const held = async () => {
      const { rows } = await server.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = ANY ($1)", [
        await sessions(),
      ]);
      return rows.length;
    };
    const during = await lock().run('endpoint', held, { waitMs: 0 });

    expect(during).toBe(1);
    expect(await held()).toBe(0);
    expect(await lock().run('endpoint', async () => 'again', { waitMs: 0 })).toBe('again');
  });

  it("aborts the holder's work at once when the server ends the connection", async () => {
    // So long that polling cannot be what detects the loss.
    const reason = await lock(scope, 600_000).run(
      'endpoint',
      async (held) => {
        const lost = once(held, 'abort');
        await server.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [await sessions()]);
        await lost;
        return held.reason as unknown;
      },
      { waitMs: 0 },
    );

    expect(reason).toMatchObject({ code: 'inbox_unavailable' });
  });

  it("is released by the server when the holder's session is idle for too long", async () => {
    const mute = (config: object) => {
      const client = new Client({ ...config, connectionString: url, application_name });
      const query = client.query.bind(client) as (...given: unknown[]) => unknown;
      // Represents a stopped process, which does not renew its session.
      client.query = ((...given: unknown[]) =>
        given[0] === 'SELECT 1' ? new Promise(() => undefined) : query(...given)) as never;
      return client;
    };
    const frozen = postgresLocks(mute, scope, { leaseMs: 500 });
    const next = await frozen.run('endpoint', () => lock().run('endpoint', async () => 'done', { waitMs: 60_000 }), {
      waitMs: 0,
    });

    expect(next).toBe('done');
  });

  it.each([
    ['names', scope, 'other'],
    ['queues', ['bullmq', 'another queue'], 'endpoint'],
    ['schemas', ['another schema', scope[1]!], 'endpoint'],
  ])('is independent for different %s', async (_what, otherScope, otherName) => {
    const inner = () => lock(otherScope).run(otherName, async () => 'both', { waitMs: 0 });

    expect(await lock().run('endpoint', inner, { waitMs: 0 })).toBe('both');
  });

  it('excludes holders of the same name', async () => {
    const inner = () => lock().run('endpoint', async () => 'both', { waitMs: 0 });

    await expect(lock().run('endpoint', inner, { waitMs: 0 })).rejects.toMatchObject({ code: 'inbox_unavailable' });
  });
});
