import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { claimId, insertClaim, insertClaimSync, type ClaimSubject } from '../../../lib/claims/claim.js';
import { RecordingMysql, RecordingPg, RecordingSqlite } from '../../support/recording-clients.js';

const SUBJECT: ClaimSubject = {
  registration: 'default',
  handler: 'Invoices.bill',
  eventKey: 'batches/abc/batch.succeeded',
  generation: 0,
  step: '',
};
const ID = 'f'.repeat(64);

describe('the id of a claim', () => {
  it('is the SHA-256 of a JSON array, so that another version of the package finds it again', () => {
    const json = '["default","Invoices.bill","stock","batches/abc/batch.succeeded",2]';

    expect(claimId({ ...SUBJECT, step: 'stock', generation: 2 })).toBe(createHash('sha256').update(json).digest('hex'));
    expect(claimId(SUBJECT)).toBe('c1eead05fba84364a8611bb715ae47c461110a5cc5f901ac7de9fa0d0dc0cc63');
  });

  it('differs if any part of the subject differs', () => {
    const others: Partial<ClaimSubject>[] = [
      { registration: 'tenant-b' },
      { handler: 'Invoices.archive' },
      { eventKey: 'batches/abc/batch.failed' },
      { generation: 1 },
      { step: 'stock' },
    ];

    expect(new Set([SUBJECT, ...others].map((other) => claimId({ ...SUBJECT, ...other }))).size).toBe(6);
  });

  it('does not depend on where one part ends and the next begins', () => {
    expect(claimId({ ...SUBJECT, registration: 'a', handler: 'b","c' })).not.toBe(
      claimId({ ...SUBJECT, registration: 'a","b', handler: 'c' }),
    );
  });
});

describe('inserting a claim', () => {
  it('asks PostgreSQL for the inserted row', async () => {
    const client = new RecordingPg([{ rows: [{ claim: ID }] }, { rows: [] }]);

    expect(await insertClaim(ID, client)).toBe(true);
    expect(await insertClaim(ID, client)).toBe(false);
    expect(client.statements[0]).toBe(
      `INSERT INTO gemini_webhook_claims (claim) VALUES ('${ID}') ON CONFLICT DO NOTHING RETURNING claim`,
    );
  });

  it('reads the row back on MySQL, where the count of affected rows depends on the connection', async () => {
    const client = new RecordingMysql([
      [{ affectedRows: 1 }, undefined],
      [[{ claim: ID }], []],
    ]);

    expect(await insertClaim(ID, client)).toBe(true);
    const [insert, select] = client.statements;
    const run = /VALUES \('f{64}', '([0-9a-f]{32})'\)$/.exec(insert!)?.[1];
    expect(insert).toMatch(/^INSERT IGNORE INTO gemini_webhook_claims \(claim, run\)/);
    expect(select).toBe(`SELECT claim FROM gemini_webhook_claims WHERE claim = '${ID}' AND run = '${run}'`);
  });

  it("does not take another run's row for its own on MySQL, whatever the count of affected rows says", async () => {
    const client = new RecordingMysql([
      [{ affectedRows: 1 }, undefined],
      [[], []],
    ]);

    expect(await insertClaim(ID, client)).toBe(false);
  });

  it('gives each MySQL insert a run of its own', async () => {
    const client = new RecordingMysql([[{}], [[], []], [{}], [[], []]]);
    await insertClaim(ID, client);
    await insertClaim(ID, client);

    expect(client.statements[0]).not.toBe(client.statements[2]);
  });

  it('takes its claim back if MySQL says afterwards that the connection was in no transaction', async () => {
    const client = new RecordingMysql([[{ serverStatus: 2 }, undefined], [{}]]);

    await expect(insertClaim(ID, client)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(client.statements[1]).toMatch(
      /^DELETE FROM gemini_webhook_claims WHERE claim = 'f{64}' AND run = '\w{32}'$/,
    );
  });

  it("reads the transaction's status from the connection of mariadb", async () => {
    const connection = (status: number) =>
      Object.assign(new RecordingMysql([{}, [{ claim: ID }]]), { info: { status } });

    await expect(insertClaim(ID, connection(2))).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await insertClaim(ID, connection(3))).toBe(true);
    // Without autocommit, and before the first statement.
    expect(await insertClaim(ID, connection(0))).toBe(true);
  });

  it('inserts synchronously into SQLite', () => {
    const client = new RecordingSqlite([[{ claim: ID }], []]);

    expect(insertClaimSync(ID, client)).toBe(true);
    expect(insertClaimSync(ID, client)).toBe(false);
    expect(client.statements[0]).toMatch(/ON CONFLICT DO NOTHING RETURNING claim$/);
  });

  it.each([
    `relation "gemini_webhook_claims" does not exist`,
    `Table 'test.gemini_webhook_claims' doesn't exist`,
    'no such table: gemini_webhook_claims',
  ])('explains a missing table: %s', async (message) => {
    const cause = new Error(message);

    await expect(insertClaim(ID, new RecordingPg([cause]))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('npx nestjs-gemini-webhooks sql --dialect'),
      cause,
    });
  });

  it('passes other errors of the database unchanged, because callers read their codes', async () => {
    const error = Object.assign(new Error('could not serialize access'), { code: '40001' });

    await expect(insertClaim(ID, new RecordingPg([error]))).rejects.toBe(error);
    expect(() => insertClaimSync(ID, new RecordingSqlite([error]))).toThrow(error);
  });
});
