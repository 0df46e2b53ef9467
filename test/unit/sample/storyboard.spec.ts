import { describe, expect, it } from '@jest/globals';
import { batchPrompts } from '../../../sample/batches/batch-prompts.js';
import { MOST_SCENES, secondsOf, softened, STORYBOARD } from '../../../sample/films/storyboard.js';

describe("the sample's storyboard", () => {
  it('is as long as Veo makes a film: 21 scenes, 148 s', () => {
    expect(STORYBOARD).toHaveLength(MOST_SCENES);
    expect(new Set(STORYBOARD).size).toBe(MOST_SCENES);
    expect([0, 1, 2, MOST_SCENES].map(secondsOf)).toEqual([0, 8, 15, 148]);
  });

  it('softens a prompt by more words, and keeps those it has', () => {
    for (const prompt of STORYBOARD) expect(softened(prompt).startsWith(`${prompt} `)).toBe(true);
  });
});

describe("the sample's prompts", () => {
  it('have a key each, and one in fifty fails', () => {
    const prompts = [...batchPrompts(5_000)];

    expect(new Set(prompts.map(({ key }) => key)).size).toBe(5_000);
    expect(prompts.filter((prompt) => JSON.stringify(prompt).includes('[fail]'))).toHaveLength(100);
  });

  it('are made as they are wanted', () => {
    const [first] = batchPrompts(Number.MAX_SAFE_INTEGER);

    expect(first).toEqual({ key: 'prompt-0', request: { contents: [{ parts: [{ text: expect.any(String) }] }] } });
  });
});
