import { describe, expect, it } from '@jest/globals';
import { GoogleGenAI, type HttpOptions } from '@google/genai';
import { geminiHttp } from '../../../lib/jobs/gemini-http.js';
import { codeOf } from '../../support/verifying.js';

function httpOf(httpOptions: HttpOptions = {}) {
  return geminiHttp(new GoogleGenAI({ apiKey: 'the-key', httpOptions }));
}

describe('geminiHttp', () => {
  it('reads key, address, headers and fetch from the client', () => {
    const own: typeof fetch = async () => new Response();
    const http = httpOf({ baseUrl: 'https://gateway.example/gemini/', headers: { 'x-team': 'a' }, fetch: own });

    expect(http.baseUrl).toBe('https://gateway.example/gemini/v1');
    expect(http.headers.get('x-goog-api-key')).toBe('the-key');
    expect(http.headers.get('x-team')).toBe('a');
    expect(http.headers.has('content-type')).toBe(false);
    expect(http.fetch).toBe(own);
    expect(httpOf()).toMatchObject({ baseUrl: 'https://generativelanguage.googleapis.com/v1', fetch });
  });

  it('keeps the key of the client’s own headers, as the SDK does', () => {
    expect(httpOf({ headers: { 'X-Goog-Api-Key': 'other' } }).headers.get('x-goog-api-key')).toBe('other');
  });

  it('rejects a client of Vertex AI and values that are not clients', async () => {
    const vertex = new GoogleGenAI({ vertexai: true, project: 'p', location: 'global' });

    expect(await codeOf(() => geminiHttp(vertex))).toBe('invalid_option');
    expect(await codeOf(() => geminiHttp({ models: {} } as unknown as GoogleGenAI))).toBe('invalid_option');
  });
});
