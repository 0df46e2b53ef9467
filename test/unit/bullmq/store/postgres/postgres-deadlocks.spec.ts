import { describe, expect, it } from '@jest/globals';
import type { PostgresConnection } from 'bullmq';
import { retryDeadlocks } from '../../../../../lib/bullmq/store/postgres/postgres-deadlocks.js';

const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' });

/** A pool whose first requests fail, one for each error. */
function poolThatFails(...errors: Error[]) {
  const sent: unknown[][] = [];
  const pool = {
    query: async (...given: unknown[]) => {
      sent.push(given);
      const error = errors.shift();
      if (error) throw error;
      return { rows: ['done'] };
    },
  };
  retryDeadlocks({ pool } as unknown as PostgresConnection);
  return { pool, sent };
}

describe('a statement on PostgreSQL', () => {
  it('is retried after it was aborted to resolve a deadlock', async () => {
    const { pool, sent } = poolThatFails(deadlock, deadlock);

    expect(await pool.query('SELECT update_progress($1)', ['e1'])).toEqual({ rows: ['done'] });
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map((given) => JSON.stringify(given))).size).toBe(1);
  });

  it('is not retried forever', async () => {
    const { pool, sent } = poolThatFails(...Array<Error>(100).fill(deadlock));

    await expect(pool.query('SELECT 1')).rejects.toBe(deadlock);
    expect(sent).toHaveLength(9);
  });

  it('is not retried after another error', async () => {
    const failure = new Error('the store is down');
    const { pool, sent } = poolThatFails(failure);

    await expect(pool.query('SELECT 1')).rejects.toBe(failure);
    expect(sent).toHaveLength(1);
  });
});
