import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** A fenced block of a page in Markdown. */
export interface CodeBlock {
  /** Path of the page from the root of the repository. */
  readonly page: string;
  /** The heading above the block. */
  readonly heading: string;
  /** Language of the opening fence: `ts`, `sh`, or empty. */
  readonly language: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** Text between the fences. */
  readonly code: string;
}

/** Paths of the README and every page of the docs, from the root of the repository. */
export function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.map((name) => `docs/${name}`)];
}

/** The text of a page. */
export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The fenced blocks of a page, in order. */
export function codeBlocksOf(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let heading = '';
  let open: { readonly language: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, line] of textOf(page).split('\n').entries()) {
    const [, fence] = /^```(\S*)$/.exec(line) ?? [];
    if (open && fence === undefined) open.lines.push(line);
    else if (open) {
      blocks.push({ page, heading, language: open.language, line: open.line, code: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else if (fence !== undefined) open = { language: fence, line: index + 1, lines: [] };
    else heading = /^#+ (.*)$/.exec(line)?.[1]?.replaceAll('`', '') ?? heading;
  }
  if (open) throw new Error(`${page}: the block of line ${open.line} has no end`);
  return blocks;
}
