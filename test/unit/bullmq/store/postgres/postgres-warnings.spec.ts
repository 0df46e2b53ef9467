import { describe, expect, it } from '@jest/globals';
import { postgresWarnings } from '../../../../../lib/bullmq/store/postgres/postgres-warnings.js';

const SAFE = { fsync: 'on', synchronous_commit: 'on', autovacuum: 'on', track_counts: 'on' };

/** A server that has these settings for this session. */
function serverWith(settings: Record<string, string>) {
  const rows = Object.entries(settings).map(([name, setting]) => ({ name, setting }));
  return { query: async () => ({ rows: rows as never[] }) };
}

describe('the warnings of a PostgreSQL server', () => {
  it('are empty for durable settings', async () => {
    expect(await postgresWarnings(serverWith(SAFE))).toEqual([]);
  });

  it.each(['on', 'local', 'remote_write', 'remote_apply'])('are empty if commits wait: %s', async (setting) => {
    expect(await postgresWarnings(serverWith({ ...SAFE, synchronous_commit: setting }))).toEqual([]);
  });

  it('report commits that do not wait', async () => {
    expect(await postgresWarnings(serverWith({ ...SAFE, synchronous_commit: 'off' }))).toEqual([
      expect.stringContaining('synchronous_commit off'),
    ]);
  });

  it('report that PostgreSQL does not wait for the disk', async () => {
    expect(await postgresWarnings(serverWith({ ...SAFE, fsync: 'off' }))).toEqual([
      expect.stringContaining('fsync off'),
    ]);
  });

  it.each(['autovacuum', 'track_counts'])('report that tables are not vacuumed: %s off', async (setting) => {
    expect(await postgresWarnings(serverWith({ ...SAFE, [setting]: 'off' }))).toEqual([
      expect.stringMatching(new RegExp(`\\(${setting} off\\): .*slower.* Set ${setting} on`)),
    ]);
  });

  it('contain one line for each reason', async () => {
    expect(await postgresWarnings(serverWith({ fsync: 'off', synchronous_commit: 'off' }))).toHaveLength(2);
  });

  it('are empty for a server that replicates its log and therefore turns fsync off', async () => {
    expect(await postgresWarnings(serverWith({ ...SAFE, fsync: 'off', 'neon.timeline_id': 'abc' }))).toEqual([]);
  });

  it('are empty if a hosted server hides its settings', async () => {
    expect(await postgresWarnings(serverWith({}))).toEqual([]);
  });
});
