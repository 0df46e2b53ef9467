import type { Outcome } from './fault-run.js';

const HEAD = [
  'inbox on',
  'events',
  '2xx',
  'refused',
  'lost',
  'again: killed',
  'frozen',
  'skewed',
  'outage',
  'otherwise',
  'seconds',
];

/** One line for each setup, and below it which faults happened how often. */
export function faultTable(outcomes: readonly Outcome[]): string {
  const rows = [HEAD, ...outcomes.map(cellsOf)];
  const widths = HEAD.map((_head, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const shown = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  );
  const [head = '', ...lines] = shown;
  const faults = outcomes.map((outcome) => `    ${countsOf(outcome).join(', ')}`);
  return `\n${[head, ...lines.flatMap((line, index) => [line, faults[index]!])].join('\n')}\n\n`;
}

function cellsOf({ name, events, taken, refused, lost, again, seconds }: Outcome): string[] {
  const counts = [events, taken, refused, lost.length, ...Object.values(again).map(({ length }) => length)];
  return [name, ...counts.map(String), seconds.toFixed(0)];
}

function countsOf({ faults }: Outcome): string[] {
  const counts = new Map<string, number>();
  for (const { name } of faults) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, times]) => `${times} × ${name}`);
}
