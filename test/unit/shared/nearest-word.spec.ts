import { describe, expect, it } from '@jest/globals';
import { nearestWord } from '../../../lib/shared/nearest-word.js';

const WORDS = ['batch.succeeded', 'batch.failed', 'video.failed', 'batch.*'];

describe('nearestWord', () => {
  it.each([
    ['a missing letter', 'batch.succeded', 'batch.succeeded'],
    ['an extra letter', 'batch.faileed', 'batch.failed'],
    ['a wrong letter', 'vidio.failed', 'video.failed'],
    ['two swapped letters', 'batch.fialed', 'batch.failed'],
    ['another case', 'Batch.Succeeded', 'batch.succeeded'],
    ['another plural', 'batches.*', 'batch.*'],
  ])('finds the word with %s', (_what, word, nearest) => {
    expect(nearestWord(word, WORDS)).toBe(nearest);
  });

  it.each(['', 'x', 'audio.failed', 'batch.finished', 'b'.repeat(100_000)])(
    'finds none for another word: %.20s',
    (word) => {
      expect(nearestWord(word, WORDS)).toBeUndefined();
    },
  );
});
