import { afterAll, describe, expect, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import { connectionOptions } from '../../../../../lib/bullmq/store/postgres/postgres-config.js';

/** Returns the configuration as the driver parses it. */
interface DriverReading {
  readonly connectionParameters: Readonly<Record<string, unknown>>;
}

const pools: Pool[] = [];

afterAll(() => Promise.all(pools.map((pool) => pool.end())));

const reading = (url: string, others: object) =>
  (new Client({ ...connectionOptions({ kind: 'postgres', url }), ...others }) as unknown as DriverReading)
    .connectionParameters;

describe('connection options of PostgreSQL', () => {
  it('move shared settings out of the URL and keep the rest', () => {
    const url =
      'postgres://app:pa%2F55@db:5433/orders?options=-c%20search_path%3Dapp&application_name=orders&sslmode=disable&statement_timeout=60000&query_timeout=60000';
    const ours = { options: '-c search_path=bullmq', application_name: 'node', statement_timeout: 1, query_timeout: 2 };

    expect(reading(url, ours)).toMatchObject({ user: 'app', host: 'db', port: 5433, database: 'orders', ssl: false });
    expect(reading(url, ours)).toMatchObject(ours);
    expect(reading(url, {})).toMatchObject({
      options: '-c search_path=app',
      application_name: 'orders',
      statement_timeout: '60000',
      query_timeout: '60000',
    });
    expect(reading(url, {})['password']).toBe('pa/55');
  });

  it('leave a URL without such settings unchanged', () => {
    const url = 'socket://app:x@/tmp?db=orders&encoding=utf8';
    expect(connectionOptions({ kind: 'postgres', url })).toEqual({ connectionString: url, keepAlive: true });
  });

  it('use the last of repeated settings, as the driver does', () => {
    expect(reading('postgres://db/app?options=-c%20a%3D1&options=-c%20b%3D2', {})).toMatchObject({ options: '-c b=2' });
  });

  it('do the same for the URL of a pool', () => {
    const pool = new Pool({ connectionString: 'postgres://db/app?options=-c%20search_path%3Dapp', max: 3 });
    pools.push(pool);
    expect(connectionOptions({ kind: 'postgres', pool })).toMatchObject({ options: '-c search_path=app', max: 3 });
    expect(connectionOptions({ kind: 'postgres', pool }).connectionString).not.toContain('options');
  });
});
