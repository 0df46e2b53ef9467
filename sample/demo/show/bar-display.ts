import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { WorkflowView } from '../../page/page-api.js';
import type { Terminal } from '../terminal.js';
import type { Display } from './display.js';
import { progressOf, stateOf } from './wording.js';

const FORMAT = '{mark} {kind}  {bar}  {progress}  {state}';
const BAR_SIZE = 24;
const FRAMES_PER_SECOND = 10;

/** A bar for each workflow, with notes above them. */
export class BarDisplay implements Display {
  readonly #terminal: Terminal;
  readonly #bars: MultiBar;
  readonly #barOf = new Map<string, SingleBar>();
  #isStopped = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#bars = new MultiBar(
      {
        format: FORMAT,
        stream: terminal.stream,
        barsize: BAR_SIZE,
        fps: FRAMES_PER_SECOND,
        hideCursor: true,
        linewrap: false,
        // What is written above them moves them.
        forceRedraw: true,
        // It would end the process at Ctrl+C, before the app has.
        gracefulExit: false,
      },
      Presets.rect,
    );
    terminal.drawnBy((text) => this.#bars.log(text));
  }

  update(workflow: WorkflowView): void {
    const { id, kind, progress } = workflow;
    const total = Math.max(progress.total, 1);
    const payload = {
      mark: this.#mark(workflow),
      kind: kind.padEnd(8),
      progress: progressOf(workflow).padEnd(19),
      state: stateOf(workflow),
    };
    const bar = this.#barOf.get(id) ?? this.#bars.create(total, 0, payload);
    this.#barOf.set(id, bar);
    bar.setTotal(total);
    bar.update(progress.done, payload);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#terminal.drawnBy(undefined);
    // Notes that are not written yet.
    this.#bars.update();
    this.#bars.stop();
  }

  #mark({ status }: WorkflowView): string {
    if (status === 'succeeded') return this.#terminal.paint('green', '✓');
    if (status === 'failed') return this.#terminal.paint('red', '✗');
    return status === 'waiting' ? this.#terminal.paint('yellow', '?') : this.#terminal.paint('cyan', '·');
  }
}
