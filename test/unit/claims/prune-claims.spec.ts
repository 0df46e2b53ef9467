import { describe, expect, it } from '@jest/globals';
import { pruneClaims } from '../../../lib/index.js';
import { RecordingMysql, RecordingPg, RecordingSqlite } from '../../support/recording-clients.js';

const BEFORE = new Date('2026-01-22T12:00:00.500Z');
const idOf = (index: number) => String(index).padStart(64, '0');
const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_one, index) => ({ claim: idOf(from + index) }));

describe('pruning claims', () => {
  it('deletes in batches until one is not full, and counts the rows', async () => {
    const client = new RecordingPg([{ rows: rows(1_000) }, { rows: rows(1_000) }, { rows: rows(7) }]);

    expect(await pruneClaims(client, BEFORE)).toBe(2_007);
    expect(client.statements).toHaveLength(3);
    expect(client.statements[0]).toBe(
      'DELETE FROM gemini_webhook_claims WHERE claim IN (SELECT claim FROM gemini_webhook_claims WHERE claimed_at < ' +
        'to_timestamp(1769083200500 / 1000.0) LIMIT 1000) RETURNING claim',
    );
  });

  it('reads the ids first on MySQL and SQLite', async () => {
    const client = new RecordingMysql([[rows(2), []], [{}]]);

    expect(await pruneClaims(client, BEFORE)).toBe(2);
    expect(client.statements).toEqual([
      'SELECT claim FROM gemini_webhook_claims WHERE claimed_at < FROM_UNIXTIME(1769083200500 / 1000) LIMIT 1000',
      `DELETE FROM gemini_webhook_claims WHERE claim IN ('${idOf(0)}', '${idOf(1)}')`,
    ]);
  });

  it('ends on MySQL when its transaction still sees rows that another process has deleted', async () => {
    const client = new RecordingMysql([
      [rows(1_000), []],
      [{}],
      [rows(1_000, 1_000), []],
      [{}],
      [rows(1_000, 1_000), []],
      [{}],
    ]);

    expect(await pruneClaims(client, BEFORE)).toBe(1_000);
  });

  it('reads rows that the client returns as lists of values', async () => {
    const client = new RecordingMysql([[[[idOf(7)]], []], [{}]]);

    expect(await pruneClaims(client, BEFORE)).toBe(1);
    expect(client.statements[1]).toContain(idOf(7));
  });

  it('explains that the table is missing, also if only the cause of the error says so', async () => {
    const cause = new Error('relation "gemini_webhook_claims" does not exist');
    const client = new RecordingPg([]);
    client.query = () => Promise.reject(new Error('Failed query: DELETE FROM gemini_webhook_claims', { cause }));

    await expect(pruneClaims(client, BEFORE)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('deletes nothing on MySQL when nothing is old', async () => {
    const client = new RecordingMysql([[[], []]]);

    expect(await pruneClaims(client, BEFORE)).toBe(0);
    expect(client.statements).toHaveLength(1);
  });

  it('compares with the time as SQLite has stored it', async () => {
    const client = new RecordingSqlite([rows(1), []]);

    expect(await pruneClaims(client, BEFORE)).toBe(1);
    expect(client.statements[0]).toContain("claimed_at < '2026-01-22T12:00:00.500Z'");
    expect(client.statements[1]).toBe(
      `DELETE FROM gemini_webhook_claims WHERE claim IN ('${idOf(0)}') RETURNING claim`,
    );
  });

  it('takes an age instead of a time', async () => {
    const client = new RecordingPg([{ rows: [] }]);
    const now = Date.now();
    await pruneClaims(client, 60_000);

    const ms = Number(/to_timestamp\((\d+)/.exec(client.statements[0]!)?.[1]);
    expect(now - ms).toBeLessThanOrEqual(60_000);
    expect(now - ms).toBeGreaterThan(50_000);
  });

  it.each([
    ['an invalid date', new Date(NaN)],
    ['a negative age', -1],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['nothing', undefined],
    ['an age that no date reaches', 1e300],
  ])('refuses %s, and deletes nothing', async (_name, olderThan) => {
    const client = new RecordingSqlite([rows(1)]);

    await expect(pruneClaims(client, olderThan as Date)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('olderThan'),
    });
    expect(client.statements).toEqual([]);
  });

  it('refuses what cannot run SQL', async () => {
    await expect(pruneClaims({}, BEFORE)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('refuses a client that answers by callback only, rather than count no rows', async () => {
    const client = Object.assign(new RecordingPg(), { query: () => undefined });

    await expect(pruneClaims(client, BEFORE)).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
