import type { Terminal } from '../terminal.js';
import { BarDisplay } from './bar-display.js';
import type { Display } from './display.js';
import { LineDisplay } from './line-display.js';

/** Bars on a terminal, lines where the output goes elsewhere. */
export function displayOn(terminal: Terminal): Display {
  return terminal.isLive ? new BarDisplay(terminal) : new LineDisplay(terminal);
}
