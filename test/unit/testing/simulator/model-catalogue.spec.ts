import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { BUILT_IN_AGENTS, BUILT_IN_MODELS, ModelCatalogue } from '../../../../lib/testing/simulator/model-catalogue.js';

describe('the built-in models and agents', () => {
  it("are in the SDK's typings, except embedding models", async () => {
    const typings = await readFile(
      createRequire(import.meta.url)
        .resolve('@google/genai')
        .replace(/index\.\w+$/, 'node.d.ts'),
      'utf8',
    );
    const names = [...BUILT_IN_MODELS, ...BUILT_IN_AGENTS].filter((name) => !name.startsWith('gemini-embedding-'));

    expect(names.filter((name) => !typings.includes(`"${name}"`))).toEqual([]);
    expect(names.length).toBeGreaterThan(8);
  });
});

describe('ModelCatalogue', () => {
  const models = new ModelCatalogue({ models: ['models/tuned'], agents: ['helper'] });

  it.each([
    ['gemini-3.8-flash', 'batchGenerateContent'],
    ['models/gemini-3.8-flash', 'createInteraction'],
    ['gemini-omni-1.2-flash', 'createInteraction'],
    ['gemini-embedding-2', 'asyncBatchEmbedContent'],
    ['tuned', 'asyncBatchEmbedContent'],
    ['models/tuned', 'batchGenerateContent'],
  ] as const)('has %s for %s', (model, method) => {
    expect(() => models.checkModel(model, method, 'v1')).not.toThrow();
  });

  it.each([
    ['gemini-3.8-flash', 'asyncBatchEmbedContent', 404],
    ['gemini-embedding-2', 'createInteraction', 404],
    ['gemini-omni-1.1-flash', 'batchGenerateContent', 400],
    ['gemini-omni-9-flash', 'createInteraction', 404],
    ['gemini-omni-9-flash', 'batchGenerateContent', 404],
    ['', 'createInteraction', 404],
  ] as const)('refuses %j for %s with %i', (model, method, code) => {
    expect(() => models.checkModel(model, method, 'v1')).toThrow(expect.objectContaining({ code }));
  });

  it('accepts known agents, and names the version in an error', () => {
    expect(() => models.checkAgent('helper', 'v1')).not.toThrow();
    expect(() => models.checkAgent('stranger', 'v1beta')).toThrow(
      'agents/stranger is not found for API version v1beta',
    );
    expect(() => models.refuse('unheard-of', 'predictLongRunning', 'v1')).toThrow(
      'models/unheard-of is not found for API version v1, or is not supported for predictLongRunning.',
    );
  });
});
