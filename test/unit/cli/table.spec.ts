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

  it('cuts the last column to the width of the terminal, but keeps enough of it', () => {
    const row = ['an id that is needed', 'x'.repeat(30) + '😀'.repeat(30)];
    const widthsAt = (columns: number) =>
      table(['id', 'reason'], [row], columns)
        .split('\n')
        .map((line) => [...line].length);

    expect(widthsAt(60)[1]).toBe(60);
    expect(table(['id', 'reason'], [row], 60)).toMatch(/😀…$/u);
    expect(widthsAt(10)[1]).toBe(20 + 2 + 24);
    expect(widthsAt(200)[1]).toBe(20 + 2 + 60);
  });

  it('replaces terminal control characters in cells', () => {
    expect(table(['name'], [['\u001b[31mred\nline\u202e']])).toBe('NAME\n?[31mred?line?');
  });
});
