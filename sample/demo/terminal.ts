import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** How a note is marked, and in which colour. */
const MARKS = {
  note: ['·', 'dim'],
  good: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failure: ['✗', 'red'],
} as const satisfies Record<string, readonly [string, Style]>;

export type Mark = keyof typeof MARKS;

/** Lines for people. Colours come and go by Node's own rules: `NO_COLOR`, `FORCE_COLOR`, and whether it is a terminal. */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  #insert: ((text: string) => void) | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  get stream(): NodeJS.WriteStream {
    return this.#stream;
  }

  /** Whether lines that stand can be written anew. */
  get isLive(): boolean {
    return this.#stream.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** From now on lines go to whoever draws on the terminal, until `undefined` is given. */
  drawnBy(insert: ((text: string) => void) | undefined): void {
    this.#insert = insert;
  }

  print(text = ''): void {
    if (this.#insert) this.#insert(`${text}\n`);
    else this.#stream.write(`${text}\n`);
  }

  note(mark: Mark, text: string): void {
    const [sign, style] = MARKS[mark];
    this.print(`${this.paint(style, sign)} ${text}`);
  }

  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream });
  }
}
