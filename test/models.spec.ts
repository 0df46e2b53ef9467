import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { EMBEDDING_MODELS, modelNamesIn, modelNamesOf } from './watch/model-names.js';
import { listedModels, typingsOf } from './watch/typings.js';

const ROOT = join(import.meta.dirname, '..');
const listed = listedModels(typingsOf(join(ROOT, 'node_modules', '@google', 'genai')));
const isKnown = (name: string) => listed.has(name) || EMBEDDING_MODELS.includes(name);

describe('a model that is named in README, docs, lib or sample', () => {
  it("is listed by the SDK's typings, or is an embedding model of our list", () => {
    const unknown = modelNamesOf(ROOT).filter(({ name }) => !isKnown(name));

    expect(unknown.map(({ file, line, name }) => `${file}:${line} names ${name}`)).toEqual([]);
  });

  it.each([
    'gemini-3.8-flash',
    'gemini-omni-1.1-flash',
    'gemini-omni-1.2-flash',
    'deep-research-preview-04-2026',
    'gemini-embedding-2',
  ])('may be %s', (name) => {
    expect(isKnown(name)).toBe(true);
  });

  it.each([
    'gemini-3-flash',
    'veo-3.1-generate-preview',
    'gemini-omni-2-flash',
    'text-embedding-004',
    'deep-research-1',
  ])('must not be %s, which the typings do not list or name in examples only', (name) => {
    expect(modelNamesIn(`model: '${name}',`).map((found) => found.name)).toEqual([name]);
    expect(isKnown(name)).toBe(false);
  });
});

describe('text that looks like a model', () => {
  it.each([
    ["ai.models.get({ model: 'gemini-3.8-flash' })", 'gemini-3.8-flash'],
    ['POST /v1/models/gemini-3-flash:batchGenerateContent', 'gemini-3-flash'],
    ['`veo-*` is gone', 'veo'],
    ['It was veo-3.1.', 'veo-3.1'],
    ['**Gemini-3-Flash**', 'Gemini-3-Flash'],
    ['agent: "deep-research-preview-04-2026"', 'deep-research-preview-04-2026'],
    ['gemini-omni-1.1-flash, on the Gemini API', 'gemini-omni-1.1-flash'],
    ['gemini-flash-latest', 'gemini-flash-latest'],
  ])('in %j is %s', (text, name) => {
    expect(modelNamesIn(text)).toEqual([{ line: 1, name }]);
  });

  it.each([
    'nestjs-gemini-webhooks',
    'gemini-webhooks, gemini-binding, gemini-simulator and gemini-batch-1.jsonl',
    "import './gemini-event.js'",
    './veo-rules.js',
    'a Veo-made video',
    'https://ai.google.dev/gemini-api/docs/deep-research',
    "agent_config: { type: 'deep-research' }",
    'on-gemini-event.decorator',
    '@google/genai 3.3',
    'gemini_binding',
    'GEMINI-WEBHOOKS',
    'gemini-lock',
    'gemini-project',
  ])('is not in %j', (text) => {
    expect(modelNamesIn(text)).toEqual([]);
  });

  it('is reported with its line', () => {
    expect(modelNamesIn('one\ntwo gemini-3.8-flash\n\nveo-2 and veo-3')).toEqual([
      { line: 2, name: 'gemini-3.8-flash' },
      { line: 4, name: 'veo-2' },
      { line: 4, name: 'veo-3' },
    ]);
  });
});
