import { afterEach, describe, expect, it } from '@jest/globals';
import type { GoogleGenAI, Interactions } from '@google/genai';
import { closeSimulated, simulatedGemini } from '../support/simulated-gemini.js';

const MODEL = 'gemini-3.8-flash';

afterEach(closeSimulated);

describe('a simulated interaction', () => {
  it.each([
    [{ model: 'gemini-unheard-of' }, 'models/gemini-unheard-of is not found for API version v1, or'],
    [{ model: 'gemini-embedding-001' }, 'not supported for createInteraction'],
    [{ agent: 'unheard-of' }, 'agents/unheard-of is not found'],
  ])('is refused for %j', async (target, message) => {
    const { ai } = await simulatedGemini();
    const params = { ...target, input: 'hello', background: true } as ModelInteraction;

    await expect(ai.interactions.create(params)).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining(message),
    });
  });

  it('accepts models and agents that the options add', async () => {
    const { ai } = await simulatedGemini({ models: ['gemini-tuned'], agents: ['my-agent'] });
    const params = { input: 'hello', background: true };

    expect((await ai.interactions.create({ ...params, model: 'models/gemini-tuned' })).status).toBe('queued');
    expect((await ai.interactions.create({ ...params, agent: 'my-agent' })).status).toBe('queued');
  });

  it.each([
    ['store: false in the background', { store: false, background: true }, 'store'],
    ['store: false and a previous one', { store: false, background: false, previous_interaction_id: 'v1_x' }, 'store'],
    [
      'a webhook in the foreground',
      { background: false, webhook_config: { uris: ['http://127.0.0.1/'] } },
      'background',
    ],
    ['blocked content', { input: 'what is [blocked]?' }, 'blocked'],
  ])('is refused with %s', async (_, params, message) => {
    const { gemini, ai } = await simulatedGemini();

    await expect(inBackground(ai, { input: 'hello', ...params })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    });
    expect(gemini.requests).toMatchObject([{ operation: 'interactions.create', status: 400 }]);
  });

  it('that is not stored cannot be read afterwards', async () => {
    const { ai } = await simulatedGemini({ time: 'real', durations: { interaction: 1 } });

    const { id, status } = await ai.interactions.create({ model: MODEL, input: 'hello', store: false });

    expect(status).toBe('completed');
    await expect(ai.interactions.get(id)).rejects.toMatchObject({ status: 400 });
  });

  it('that was never started returns 400 with a textual code, and 404 after it was deleted', async () => {
    const { ai } = await simulatedGemini();
    const unknown = {
      status: 400,
      message: expect.stringContaining('Invalid interaction name'),
      error: { error: { code: 'invalid_request' } },
    };
    const { id } = await inBackground(ai, { input: 'hello' });
    await ai.interactions.delete(id);

    await expect(ai.interactions.get('v1_unknown')).rejects.toMatchObject(unknown);
    await expect(ai.interactions.cancel('v1_unknown')).rejects.toMatchObject(unknown);
    await expect(ai.interactions.get(id)).rejects.toMatchObject({ status: 404 });
  });
});

type ModelInteraction = Interactions.InteractionCreateParams.CreateModelInteractionParamsNonStreaming;

function inBackground(ai: GoogleGenAI, params: Omit<ModelInteraction, 'model'>) {
  return ai.interactions.create({ model: MODEL, background: true, ...params });
}
