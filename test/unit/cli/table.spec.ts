import { describe, expect, it } from '@jest/globals';
import { table } from '../../../lib/cli/table.js';

describe('table', () => {
  it('has columns as wide as their widest cell, and no trailing spaces', () => {
    expect(
      table(
        ['name', 'id'],
        [
          ['a', '1'],
          ['much longer', ''],
        ],
      ),
    ).toBe(['NAME         ID', 'a            1', 'much longer'].join('\n'));
  });

  it('replaces terminal control characters in cells', () => {
    expect(table(['name'], [['\u001b[31mred\nline\u202e']])).toBe('NAME\n?[31mred?line?');
  });
});
