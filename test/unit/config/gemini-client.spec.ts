import { describe, expect, it } from '@jest/globals';
import { GoogleGenAI } from '@google/genai';
import { geminiApiKey, geminiClient, isVertex } from '../../../lib/config/gemini-client.js';

const both = { GOOGLE_API_KEY: 'google', GEMINI_API_KEY: 'gemini' };

describe('the API key', () => {
  it.each<[string, Parameters<typeof geminiApiKey>[0], Parameters<typeof geminiApiKey>[1], string | undefined]>([
    ["a client's own", new GoogleGenAI({ apiKey: 'client' }), both, 'client'],
    ["options'", { apiKey: 'options' }, both, 'options'],
    ["the environment's where options have none", {}, both, 'google'],
    ["the environment's where options have an empty one", { apiKey: '' }, both, 'google'],
    ['GOOGLE_API_KEY before GEMINI_API_KEY, as the SDK has it', undefined, both, 'google'],
    ['GEMINI_API_KEY', undefined, { GEMINI_API_KEY: 'gemini' }, 'gemini'],
    ['GEMINI_API_KEY beside an empty GOOGLE_API_KEY', undefined, { ...both, GOOGLE_API_KEY: '' }, 'gemini'],
    ['undefined if there is none', undefined, {}, undefined],
    ['undefined if the client is turned off', false, both, undefined],
  ])('is %s', (_, gemini, environment, key) => {
    expect(geminiApiKey(gemini, environment)).toBe(key);
  });
});

describe('Vertex AI', () => {
  it('is detected from a client or from its options', () => {
    const vertex = { vertexai: true, project: 'p', location: 'eu' };

    expect([vertex, new GoogleGenAI(vertex)].map(isVertex)).toEqual([true, true]);
    expect(
      [undefined, false as const, {}, { vertexai: false }, new GoogleGenAI({ apiKey: 'k' })].map(isVertex),
    ).toEqual(Array.from({ length: 5 }, () => false));
  });
});

describe('options of the client that cannot work', () => {
  it.each([
    ['a project without a key', { project: 'p' }, 'gemini: has a project or a location'],
    ['a location without a key', { location: 'eu' }, 'gemini: has a project or a location'],
    ['a key that is no string', { apiKey: 5 as unknown as string }, 'gemini.apiKey: got a number'],
  ])('are refused at start: %s', (_what, options, message) => {
    expect(() => geminiClient(options, {})).toThrow(message);
    expect(() => geminiClient(options, both)).toThrow(message);
  });
});
