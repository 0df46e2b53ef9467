import { describe, expect, it } from '@jest/globals';
import { claimsTableSql, type GeminiClaimsDialect } from '../../../lib/index.js';

describe('the SQL of the claims table', () => {
  it.each([
    ['postgres', /claim char\(64\) PRIMARY KEY/, /claimed_at timestamptz/, /CREATE INDEX IF NOT EXISTS/],
    ['mysql', /claim char\(64\) CHARACTER SET ascii/, /run char\(32\)/, /ENGINE = InnoDB/],
    ['sqlite', /claim text NOT NULL PRIMARY KEY/, /claimed_at text/, /CREATE INDEX IF NOT EXISTS/],
  ] as const)('is safe to run again on %s', (dialect, ...parts) => {
    const sql = claimsTableSql(dialect);

    expect(sql).toMatch(/^CREATE TABLE IF NOT EXISTS gemini_webhook_claims \(/);
    for (const part of parts) expect(sql).toMatch(part);
  });

  it.each(['mariadb', 'toString', '', undefined, 1])('does not exist for %p', (dialect) => {
    expect(() => claimsTableSql(dialect as GeminiClaimsDialect)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringContaining('postgres, mysql, sqlite'),
      }),
    );
  });
});
