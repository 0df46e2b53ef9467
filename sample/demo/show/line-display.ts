import type { WorkflowView } from '../../page/page-api.js';
import type { Terminal } from '../terminal.js';
import type { Display } from './display.js';
import { progressOf, stateOf } from './wording.js';

const STEPS = 4;

/** A line for each change, and of progress each quarter, where lines that stand cannot be written anew. */
export class LineDisplay implements Display {
  readonly #terminal: Terminal;
  readonly #shown = new Map<string, string>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update(workflow: WorkflowView): void {
    const { id, kind, status, progress } = workflow;
    const quarter = Math.floor((progress.done / Math.max(progress.total, 1)) * STEPS);
    const shown = `${status} ${quarter}`;
    if (this.#shown.get(id) === shown) return;
    this.#shown.set(id, shown);
    const mark = status === 'succeeded' ? 'good' : status === 'failed' ? 'failure' : 'note';
    this.#terminal.note(mark, `${kind.padEnd(8)}  ${progressOf(workflow).padEnd(19)}  ${stateOf(workflow)}`);
  }

  stop(): void {}
}
