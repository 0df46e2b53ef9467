import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionSets } from './option-sets.js';
import { PublishedTypings, ROOT } from './published-typings.js';

jest.setTimeout(120_000);

const DOCS = join(ROOT, 'docs');
const pages = [
  join(ROOT, 'README.md'),
  ...readdirSync(DOCS)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(DOCS, name)),
];
const snippets = new Map(pages.flatMap(snippetsOf));
let typings: PublishedTypings;

beforeAll(() => {
  typings = new PublishedTypings();
});

describe.each(optionSets)('with $name', ({ options }) => {
  it('every TypeScript snippet of the README and the docs compiles as it stands', () => {
    expect(snippets.size).toBeGreaterThan(6);
    expect(typings.checkTexts(snippets, options)).toEqual([]);
  });
});

/** The snippets of a page, each as a module beside it whose lines have the page's numbers. */
function snippetsOf(page: string): [string, string][] {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(({ 1: code, index }) => {
    const line = text.slice(0, index).split('\n').length;
    return [page.replace(/\.md$/, `.snippet-${line}.ts`), `${'\n'.repeat(line)}${code}\nexport {};\n`];
  });
}
