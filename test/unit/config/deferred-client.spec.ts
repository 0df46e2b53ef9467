import { afterEach, describe, expect, it, jest } from '@jest/globals';

afterEach(() => {
  jest.resetModules();
});

describe('a client that is created when it is first needed', () => {
  it('has the given key before the SDK is loaded, and is the same for every request', async () => {
    const { geminiApiKey, geminiClient, loadedClient } = await import('../../../lib/config/gemini-client.js');
    const client = geminiClient({ httpOptions: { baseUrl: 'http://127.0.0.1:1' } }, { GEMINI_API_KEY: 'key' })!;

    expect(geminiApiKey(client, {})).toBe('key');
    const loaded = await loadedClient(client);
    expect(loaded.vertexai).toBe(false);
    expect(await loadedClient(client)).toBe(loaded);
  });

  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])(
    'says what to install when the SDK is absent: %s',
    async (code) => {
      jest.unstable_mockModule('@google/genai', () => {
        throw Object.assign(new Error('not found'), { code });
      });
      const { geminiClient, loadedClient } = await import('../../../lib/config/gemini-client.js');
      const client = geminiClient({ apiKey: 'key' }, {})!;

      await expect(loadedClient(client)).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('npm install @google/genai'),
      });
    },
  );
});
