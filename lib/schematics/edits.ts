import type ts from 'typescript';
import type { CodeStyle } from './code-style.js';
import type { TypeScript } from './typescript.js';

/** Text to insert at a position. */
export interface Edit {
  readonly at: number;
  readonly text: string;
}

export function applied(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.at - a.at)
    .reduce((all, { at, text: added }) => all.slice(0, at) + added + all.slice(at), text);
}

/** The elements of an array, or the properties of an object, and the position of the closing bracket. */
export interface List {
  readonly items: ts.NodeArray<ts.Node>;
  readonly closing: number;
}

/** Appends to a list. The list keeps its layout, its comments, and its trailing comma or the lack of one. */
export function appended(
  compiler: TypeScript,
  source: ts.SourceFile,
  { items, closing }: List,
  added: readonly string[],
  style: CodeStyle,
): Edit[] {
  const { text } = source;
  const last = items.at(-1);
  if (!last) return intoEmpty(source, { items, closing }, added, style);
  const comma = items.hasTrailingComma ? items.end : undefined;
  const end = afterComments(compiler, text, comma ?? last.getEnd());
  const isMultiline = text.slice(end, closing).includes('\n');
  const separator = isMultiline ? `${style.newline}${indentAt(text, last.getStart(source))}` : ' ';
  const joined = added.join(`,${separator}`);
  const tail = items.hasTrailingComma ? ',' : '';
  const addition = `${separator}${joined}${tail}`;
  if (comma !== undefined) return [{ at: end, text: addition }];
  if (!isMultiline || end === last.getEnd()) return [{ at: end, text: `,${addition}` }];
  // The comma goes before the comment: after it, a line comment would swallow it.
  return [
    { at: last.getEnd(), text: ',' },
    { at: end, text: addition },
  ];
}

function intoEmpty(
  source: ts.SourceFile,
  { items, closing }: List,
  added: readonly string[],
  style: CodeStyle,
): Edit[] {
  const { text } = source;
  const outer = indentAt(text, closing);
  const inner = text.slice(items.pos, closing);
  if (inner.includes('\n')) {
    const lines = added.map((item) => `${outer}${style.indent}${item},${style.newline}`).join('');
    return [{ at: text.lastIndexOf('\n', closing) + 1, text: lines }];
  }
  if (text[closing] === ']') return [{ at: closing, text: added.join(', ') }];
  const lines = added.map((item) => `${style.newline}${outer}${style.indent}${item},`).join('');
  return [{ at: closing, text: `${lines}${style.newline}${outer}` }];
}

/** Returns the position after the comments that follow on the same line. */
export function afterComments(compiler: TypeScript, text: string, position: number): number {
  return compiler.getTrailingCommentRanges(text, position)?.at(-1)?.end ?? position;
}

/** Returns the indentation of the line at a position. */
function indentAt(text: string, position: number): string {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))![0];
}
