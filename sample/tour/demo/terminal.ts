import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** How an entry is marked, and in which colour. */
const MARKS = {
  sent: ['→', 'cyan'],
  ran: ['▸', 'green'],
  taken: ['←', 'green'],
  refused: ['←', 'yellow'],
  warning: ['!', 'yellow'],
  failure: ['✗', 'red'],
  note: ['·', 'dim'],
} as const satisfies Record<string, readonly [string, Style]>;

export type EntryKind = keyof typeof MARKS;

const LABEL_WIDTH = 22;
const LEAST_TEXT_WIDTH = 40;
const MOST_COLUMNS = 120;

/** Lines for people. Colours come and go by Node's own rules: `NO_COLOR`, `FORCE_COLOR`, and whether it is a terminal. */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  print(text = ''): void {
    this.#stream.write(`${text}\n`);
  }

  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream });
  }

  /** A marked line: a label in its column, and a text that wraps within its own, its long ids cut. */
  entry(kind: EntryKind, label: string, text: string): void {
    const [mark, style] = MARKS[kind];
    const indent = 5 + LABEL_WIDTH + 2;
    const columns = Math.min(this.#stream.columns ?? MOST_COLUMNS, MOST_COLUMNS);
    const [first = '', ...rest] = wrap(withShortIds(text), Math.max(columns - indent, LEAST_TEXT_WIDTH));
    this.print(`   ${this.paint(style, `${mark} ${label.padEnd(LABEL_WIDTH)}`)}  ${first}`);
    for (const line of rest) this.print(' '.repeat(indent) + line);
  }
}

/** Random ids, cut to what tells them apart. */
function withShortIds(text: string): string {
  return text.replaceAll(/([0-9a-f]{8})[0-9a-f-]{20,}/g, '$1…');
}

/** Breaks a text between words into lines of at most `width`; a word that is longer has a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
