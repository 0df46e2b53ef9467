import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionSets } from './option-sets.js';
import { PublishedTypings, type Finding } from './published-typings.js';

const MARK = /@ts-expect-error '(.+)'/;
const FIXTURES = join(import.meta.dirname, 'fixtures');
const fixtures = readdirSync(FIXTURES).map((name) => join(FIXTURES, name));
const expected = fixtures.flatMap(expectedErrors);
let typings: PublishedTypings;

jest.setTimeout(120_000);

beforeAll(() => {
  typings = new PublishedTypings();
});

describe.each(optionSets)('with $name', ({ options }) => {
  it('the typings and what should compile do, and what should not is an expected error', () => {
    expect(typings.check(fixtures, options)).toEqual([]);
  });

  it('each expected error says what is wrong, and there is no other', () => {
    const found = typings.check(fixtures, options, withoutMarks);

    expect(expected.length).toBeGreaterThan(40);
    expect(found).toEqual(
      expected.map(({ message, ...place }) => ({ ...place, message: expect.stringContaining(message) })),
    );
  });
});

/** The same lines, without what keeps the compiler quiet about the next one. */
function withoutMarks(text: string): string {
  return text.replaceAll('@ts-expect-error', 'expected');
}

function expectedErrors(file: string): Finding[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const message = MARK.exec(line)?.[1];
      return message === undefined ? [] : [{ file, line: index + 2, message }];
    });
}
