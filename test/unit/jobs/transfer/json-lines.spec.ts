import { describe, expect, it } from '@jest/globals';
import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { JsonLines, type JsonLine } from '../../../../lib/jobs/transfer/json-lines.js';

const MAX_LINE_BYTES = 60;

const anyLine = fc.oneof(
  { weight: 5, arbitrary: fc.json({ stringUnit: 'grapheme' }).map((text) => Buffer.from(text)) },
  fc.constantFrom('', '  ', '\r', '{', '{"a":1}\r', `"${'é'.repeat(29)}"`, `"${'é'.repeat(29)}x"`).map(Buffer.from),
  fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x0a ? 0x20 : byte)))),
);

/** Returns the lines, read in the simplest way. */
function expectedOf(lines: readonly Buffer[]): JsonLine[] {
  return lines.flatMap((bytes, index): JsonLine[] => {
    const line = index + 1;
    if (bytes.length > MAX_LINE_BYTES) return [{ line, problem: `is longer than ${MAX_LINE_BYTES} bytes` }];
    if (!isUtf8(bytes)) return [{ line, problem: 'is not UTF-8' }];
    if (bytes.toString().trim() === '') return [];
    try {
      return [{ line, value: JSON.parse(bytes.toString()) }];
    } catch {
      return [{ line, problem: 'is not JSON' }];
    }
  });
}

function read(bytes: Buffer, sizes: readonly number[]): JsonLine[] {
  const lines = new JsonLines(MAX_LINE_BYTES);
  const found: JsonLine[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    found.push(...lines.push(new Uint8Array(bytes.subarray(at, at + size))));
    at += size;
  }
  return [...found, ...lines.end()];
}

describe('JsonLines', () => {
  it('reads every line once and in order, wherever the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(anyLine, { maxLength: 20 }),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
        (lines, endsWithNewline, sizes) => {
          const text = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
          const bytes = endsWithNewline || lines.length === 0 ? text : text.subarray(0, -1);
          expect(read(bytes, sizes)).toEqual(expectedOf(lines));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reports a line that is too long once, however long it is, and reads the next', () => {
    const lines = new JsonLines(1000);

    for (let piece = 0; piece < 1000; piece += 1) expect([...lines.push(Buffer.alloc(1000))]).toEqual([]);
    expect([...lines.push(Buffer.from('x\n{"next":true}\n'))]).toEqual([
      { line: 1, problem: 'is longer than 1000 bytes' },
      { line: 2, value: { next: true } },
    ]);
  });

  it('accepts a genuine replacement character', () => {
    const lines = new JsonLines(1000);

    expect([...lines.push(Buffer.from('"\ufffd"\n'))]).toEqual([{ line: 1, value: '\ufffd' }]);
    expect([...lines.push(Buffer.from([0x22, 0xff, 0x22, 0x0a]))]).toEqual([{ line: 2, problem: 'is not UTF-8' }]);
  });
});
