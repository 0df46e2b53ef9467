import { describe, expect, it } from '@jest/globals';
import { estimatedBytes, MemoryBudget } from '../../../lib/inbox/memory-budget.js';

const KIB = 1024;

describe('estimatedBytes', () => {
  it.each([
    { shape: 'one long string', json: JSON.stringify('x'.repeat(40_000)), min: 78 * KIB },
    { shape: 'empty objects', json: `[${'{},'.repeat(13_000)}{}]`, min: 850 * KIB },
    { shape: 'empty arrays', json: `[${'[],'.repeat(13_000)}[]]`, min: 545 * KIB },
    { shape: 'arrays in arrays', json: '['.repeat(1_500) + ']'.repeat(1_500), min: 84 * KIB },
    {
      shape: 'many names',
      json: `{${Array.from({ length: 4_000 }, (_one, at) => `"k${at}":1`).join()}}`,
      min: 230 * KIB,
    },
    { shape: 'numbers', json: `[${'0.5,'.repeat(8_000)}1]`, min: 93 * KIB },
    {
      shape: 'short strings',
      json: `[${Array.from({ length: 5_000 }, (_one, at) => `"${at}"`).join()}]`,
      min: 73 * KIB,
    },
  ])('is at least what V8 uses for $shape and the body', ({ json, min }) => {
    expect(estimatedBytes(Buffer.from(json))).toBeGreaterThanOrEqual(min);
  });

  it('is a few KiB for an event in the form that Gemini sends', () => {
    const body = JSON.stringify({
      type: 'batch.succeeded',
      version: 'v1',
      data: { id: 'batches/1', output_file_uri: 'files/1' },
    });

    expect(estimatedBytes(Buffer.from(body))).toBeLessThan(8 * KIB);
  });
});

describe('MemoryBudget', () => {
  it('reserves up to its limit, and any size for a single delivery', () => {
    const budget = new MemoryBudget(100);

    expect(budget.tryReserve(500)).toBe(true);
    expect(budget.tryReserve(1)).toBe(false);
    budget.release(500);
    expect([budget.tryReserve(60), budget.tryReserve(40), budget.tryReserve(1)]).toEqual([true, true, false]);
    expect(budget.reserved).toBe(100);
  });
});
