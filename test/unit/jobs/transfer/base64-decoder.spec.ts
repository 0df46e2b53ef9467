import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Base64Decoder } from '../../../../lib/jobs/transfer/base64-decoder.js';

function decoded(text: string, sizes: readonly number[] = [7]) {
  const decoder = new Base64Decoder();
  const parts: Buffer[] = [];
  const raw = Buffer.from(text);
  for (let at = 0, turn = 0; at < raw.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    parts.push(decoder.push(raw.subarray(at, at + size)));
    at += size;
  }
  parts.push(decoder.end());
  return { bytes: Buffer.concat(parts), problem: decoder.problem };
}

/** Variants of the same base64 in JSON. */
const spellings: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.replaceAll('/', '\\/'),
  (text) => text.replaceAll('=', '\\u003d').replaceAll('+', '\\u002B').replaceAll('/', '\\u002f'),
  (text) => text.replaceAll('=', ''),
  (text) => text.replaceAll('+', '-').replaceAll('/', '_'),
];

describe('Base64Decoder', () => {
  it('decodes any bytes in any encoding variant, wherever they are split', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...spellings), sizes, (bytes, spelling, cuts) => {
        expect(decoded(spelling(Buffer.from(bytes).toString('base64')), cuts)).toEqual({
          bytes: Buffer.from(bytes),
          problem: undefined,
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('drops the line breaks that MIME puts in', () => {
    expect(decoded('AAEC\\r\\nAwQF\\n').bytes).toEqual(Buffer.of(0, 1, 2, 3, 4, 5));
    expect(decoded('AAEC\\u000AAwQ=\\n')).toEqual({ bytes: Buffer.of(0, 1, 2, 3, 4), problem: undefined });
  });

  it.each([
    ['AAAA!AAA', 'has characters that are not base64'],
    ['AAA\\\\', 'has characters that are not base64'],
    ['AAAAéAA', 'has characters that are not base64'],
    ['AAAAA', 'ends within a byte'],
    ['AA==AAAA', 'goes on after its padding'],
    ['AAAA\\u00', 'ends within an escape'],
  ])('reports the problem of %s', (text, problem) => {
    for (let size = 1; size <= text.length; size += 1) expect(decoded(text, [size]).problem).toBe(problem);
  });
});
