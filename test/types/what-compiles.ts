import { beforeAll, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type ts from 'typescript';
import { codeBlocksOf, pages } from '../support/code-blocks.js';
import { docstringModules } from './docstring-modules.js';
import { PublishedTypings, ROOT, type Finding } from './published-typings.js';

const MARK = /@ts-expect-error '(.+)'/;
const FIXTURES = join(import.meta.dirname, 'fixtures');
/** Beside the fixtures, and nowhere on the disk: the same lines, with nothing that keeps the compiler quiet. */
const UNMARKED = '.unmarked.ts';

const fixtures = textsOf(readdirSync(FIXTURES).map((name) => join(FIXTURES, name)));
const unmarked = new Map(
  [...fixtures].map(([file, text]) => [
    file.replace(/\.ts$/, UNMARKED),
    text.replaceAll('@ts-expect-error', 'expected'),
  ]),
);
const snippets = new Map(pages().flatMap(snippetsOf));
const examples = new Map([...docstringModules()].map(([file, text]) => [join(ROOT, 'lib', file), text]));

let typings: PublishedTypings | undefined;

/** What holds with each set of the compiler's options. All texts are one program, of which the compiler reads each file once. */
export function whatCompiles(options: ts.CompilerOptions): void {
  let found: readonly Finding[];

  beforeAll(() => {
    typings ??= new PublishedTypings();
    found = typings.check(new Map([...fixtures, ...unmarked, ...snippets, ...examples]), options);
  });

  it('the typings and valid code compile, and each invalid line is an expected error', () => {
    expect(found.filter(({ file }) => !unmarked.has(file) && !snippets.has(file) && !examples.has(file))).toEqual([]);
  });

  it('each expected error has a reason, and there are no others', () => {
    const expected = [...fixtures].flatMap(expectedErrors);

    expect(expected.length).toBeGreaterThan(40);
    expect(found.filter(({ file }) => unmarked.has(file))).toEqual(
      expected.map(({ message, ...place }) => ({
        ...place,
        isUnused: expect.any(Boolean),
        message: expect.stringContaining(message),
      })),
    );
  });

  it('every TypeScript snippet of the README, the docs and the docstrings compiles unchanged', () => {
    expect(snippets.size).toBeGreaterThan(6);
    expect(examples.size).toBeGreaterThan(20);
    expect(found.filter(({ file }) => snippets.has(file))).toEqual([]);
    // They make things that they do not use.
    expect(found.filter(({ file, isUnused }) => examples.has(file) && !isUnused)).toEqual([]);
  });
}

function textsOf(files: readonly string[]): Map<string, string> {
  return new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
}

function expectedErrors([file, text]: [string, string]): Pick<Finding, 'file' | 'line' | 'message'>[] {
  return text.split('\n').flatMap((line, index) => {
    const message = MARK.exec(line)?.[1];
    return message === undefined ? [] : [{ file: file.replace(/\.ts$/, UNMARKED), line: index + 2, message }];
  });
}

/** The snippets of a page, each as a module beside it whose lines have the page's numbers. */
function snippetsOf(page: string): [string, string][] {
  return codeBlocksOf(page)
    .filter(({ language }) => language === 'ts')
    .map(({ line, code }) => [
      join(ROOT, page.replace(/\.md$/, `.snippet-${line}.ts`)),
      `${'\n'.repeat(line)}${code}\nexport {};\n`,
    ]);
}
