import { describe, expect, it } from '@jest/globals';
import { claimsTableSql } from '../../../lib/index.js';
import { cli } from '../../support/cli.js';

describe('sql', () => {
  it.each(['postgres', 'mysql', 'sqlite'] as const)(
    'prints the claims table for %s, and nothing else',
    async (dialect) => {
      expect(await cli(['sql', '--dialect', dialect])).toEqual({
        code: 0,
        out: claimsTableSql(dialect).trimEnd(),
        err: '',
      });
    },
  );

  it.each([
    ['an unknown dialect', ['sql', '--dialect', 'oracle'], 'postgres, mysql, sqlite'],
    ['no dialect', ['sql'], '--dialect'],
  ])('exits with 2 on %s', async (_name, args, message) => {
    const { code, out, err } = await cli(args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});
