import type { Terminal } from '../terminal.js';
import type { Seen } from './three-workflows.js';
import { KINDS, lookedUp, progressOf, stateOf, tookOf } from './wording.js';

const HEADER = ['workflow', 'took', 'progress', 'webhooks lost', 'what came of it'];

/** Prints a table of what each workflow came to. @returns whether all three have succeeded */
export function printSummary(seen: Seen, terminal: Terminal): boolean {
  const rows = KINDS.map((kind) => {
    const workflow = seen.get(kind);
    if (!workflow) return { isGood: false, cells: [kind, '', '', '', 'was not started'] };
    const outcome = workflow.endedAt === null ? `has not ended: ${stateOf(workflow)}` : stateOf(workflow);
    const cells = [kind, tookOf(workflow), progressOf(workflow), String(lookedUp(workflow)), outcome];
    return { isGood: workflow.status === 'succeeded', cells };
  });
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const aligned = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();

  terminal.print(`\n  ${terminal.paint('dim', aligned(HEADER))}`);
  for (const { isGood, cells } of rows) terminal.note(isGood ? 'good' : 'failure', aligned(cells));
  const good = rows.filter(({ isGood }) => isGood).length;
  const seconds = Math.round(performance.now() / 1000);
  const verdict = `${good} of ${rows.length} workflows have succeeded, ${seconds} s after the start.`;
  terminal.print(`\n${terminal.paint(good === rows.length ? 'green' : 'red', verdict)}`);
  return good === rows.length;
}
