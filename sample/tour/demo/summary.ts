import { asExpected, inShort, type Result } from './outcome.js';
import type { Terminal } from './terminal.js';

/** Prints a table of what was expected of each scene and what it came to. */
export function printSummary(results: readonly Result[], terminal: Terminal): void {
  const rows = results.map((result) => ({
    mark: asExpected(result) ? terminal.paint('green', '✓') : terminal.paint('red', '✗'),
    cells: [result.name, inShort(result.expected), inShort(result.got)],
  }));
  const header = ['scene', 'expected', 'got'];
  const widths = header.map((_title, column) =>
    Math.max(...[header, ...rows.map(({ cells }) => cells)].map((cells) => cells[column]?.length ?? 0)),
  );
  const aligned = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();

  terminal.print(`   ${terminal.paint('dim', aligned(header))}`);
  for (const { mark, cells } of rows) terminal.print(` ${mark} ${aligned(cells)}`);
  const good = results.filter(asExpected).length;
  const verdict = `${good} of ${results.length} went as they should.`;
  terminal.print(`\n${terminal.paint(good === results.length ? 'green' : 'red', verdict)}`);
}
