import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { LongStringFilter } from '../../../../lib/jobs/transfer/long-string-filter.js';

const MAX_STRING_BYTES = 12;

/** Filters a document that arrives in chunks of these sizes. */
function filtered(json: string, sizes: readonly number[]) {
  const filter = new LongStringFilter({ maxStringBytes: MAX_STRING_BYTES, maxRestBytes: 100_000 });
  const bytes = Buffer.from(json);
  const longStrings: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    for (const { index, bytes: piece } of filter.push(new Uint8Array(bytes.subarray(at, at + size)))) {
      longStrings[index] = Buffer.concat([longStrings[index] ?? Buffer.alloc(0), piece]);
    }
    at += size;
  }
  return { filter, rest: filter.rest(), longStrings: longStrings.map((raw) => JSON.parse(`"${raw.toString()}"`)) };
}

/** The same document with its long strings put back. */
function restored({ filter, rest, longStrings }: ReturnType<typeof filtered>): unknown {
  const put = (value: unknown): unknown => {
    const index = filter.indexOf(value);
    return index === undefined ? value : longStrings[index];
  };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return put(value);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [put(key), walk(one)]));
  };
  return walk(JSON.parse(rest));
}

describe('LongStringFilter', () => {
  it('separates long strings from the rest of any JSON, wherever it is split', () => {
    const awkward = fc
      .array(fc.constantFrom('"', '\\', '/', 'é', '🙂', '\n', '\u0000', 'a', 'abc'), { maxLength: 30 })
      .map((parts) => parts.join(''));
    const json = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.array(awkward), fc.dictionary(awkward, awkward));
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(json, sizes, fc.constantFrom(undefined, 2), (value, cuts, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(restored(filtered(text, cuts))).toEqual(JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps strings up to the limit and replaces longer ones', () => {
    const { filter, rest, longStrings } = filtered('{"a":"123456789012","b":"1234567890123"}', [5]);

    expect(longStrings).toEqual(['1234567890123']);
    expect(JSON.parse(rest)).toEqual({ a: '123456789012', b: expect.any(String) });
    expect(filter.indexOf(JSON.parse(rest).b)).toBe(0);
    expect(filter.indexOf(JSON.parse(rest).a)).toBeUndefined();
  });

  it('does not confuse a string of the document with a placeholder', () => {
    const placeholder = JSON.parse(filtered('["1234567890123"]', [99]).rest)[0] as string;

    const { filter } = filtered(JSON.stringify([placeholder.slice(0, 12)]), [99]);
    expect(filter.indexOf(placeholder)).toBeUndefined();
  });

  it('limits the size of the rest', () => {
    const filter = new LongStringFilter({ maxStringBytes: 10, maxRestBytes: 100 });

    expect([...filter.push(Buffer.from(`["${'x'.repeat(5000)}",`))]).toHaveLength(1);
    expect(() => [...filter.push(Buffer.alloc(100, '1'))]).toThrow(
      expect.objectContaining({ code: 'transfer_failed', message: expect.stringContaining('more than 100 bytes') }),
    );
  });
});
