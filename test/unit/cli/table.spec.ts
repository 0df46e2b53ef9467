import { describe, expect, it } from '@jest/globals';
import { table } from '../../../lib/cli/table.js';

describe('table', () => {
  it('has columns as wide as what stands in them, and nothing at the ends of lines', () => {
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

  it('does not let what others have written steer the terminal', () => {
    expect(table(['name'], [['\u001b[31mred\nline\u202e']])).toBe('NAME\n?[31mred?line?');
  });
});
