const GAP = '  ';

/** Width that the last column keeps on a narrow terminal. */
const MIN_LAST_WIDTH = 24;

/**
 * Formats rows under a header, with columns as wide as their widest cell. Removes terminal control characters from the cells.
 *
 * @param columns width of the terminal, which the last column is cut to
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], columns = Infinity): string {
  const lines = [head.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(printable))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const used = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const lastWidth = Math.max(columns - used, MIN_LAST_WIDTH);
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === head.length - 1 ? cut(cell, lastWidth) : cell.padEnd(widths[column] ?? 0)))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Replaces the control characters that a terminal would interpret. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}
