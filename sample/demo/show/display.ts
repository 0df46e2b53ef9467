import type { WorkflowView } from '../../page/page-api.js';
import type { Terminal } from '../terminal.js';
import { BarDisplay } from './bar-display.js';
import { LineDisplay } from './line-display.js';

/** Shows how workflows get on. */
export interface Display {
  update(workflow: WorkflowView): void;
  /** Leaves what is shown as it stands. May be called twice. */
  stop(): void;
}

export function displayOn(terminal: Terminal): Display {
  return terminal.isLive ? new BarDisplay(terminal) : new LineDisplay(terminal);
}
