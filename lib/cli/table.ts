const GAP = '  ';

/** Formats rows under a header, with columns as wide as their widest cell. Removes terminal control characters from the cells. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(printable))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Replaces the control characters that a terminal would interpret. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
