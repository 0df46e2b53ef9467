import { afterEach, describe, expect, it } from '@jest/globals';
import type { GoogleGenAI, Interactions } from '@google/genai';
import { closeSimulated, simulatedGemini } from '../support/simulated-gemini.js';
import { until } from '../support/until.js';

const MODEL = 'gemini-3.8-flash';
const DEEP_RESEARCH = 'deep-research-preview-04-2026';
const WEATHER = {
  type: 'function' as const,
  name: 'weather',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer' },
      hourly: { type: 'boolean' },
      unit: { type: 'string', enum: ['°C', '°F'] },
      where: { type: 'object', properties: { height: { type: 'number' }, names: { type: 'array' } } },
    },
  },
};

afterEach(closeSimulated);

describe('a simulated interaction', () => {
  it('is queued, in progress and completed, and echoes its webhook', async () => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const webhook_config = { uris, user_metadata: { topic: 'cats' } };

    const started = await inBackground(ai, { input: 'why do cats purr?', webhook_config });
    await gemini.advance(1000);
    const atWork = await ai.interactions.get(started.id);
    await gemini.advance(1000);
    const done = await ai.interactions.get(started.id);

    expect([started, atWork, done].map(({ status }) => status)).toEqual(['queued', 'in_progress', 'completed']);
    expect(started).toMatchObject({ model: MODEL, webhook_config, steps: [] });
    expect(done.output_text).toBe('Simulated answer to: why do cats purr?');
    expect(done.steps?.map(({ type }) => type)).toEqual(['user_input', 'thought', 'model_output']);
    expect(done.usage?.total_tokens).toBeGreaterThan(0);
    expect(events).toEqual([
      expect.objectContaining({
        type: 'interaction.completed',
        data: { id: started.id },
        user_metadata: { topic: 'cats' },
      }),
    ]);
  });

  it('responds at once if it is not in the background', async () => {
    const { ai } = await simulatedGemini({ time: 'real', durations: { interaction: 1 } });

    const interaction = await ai.interactions.create({ model: MODEL, input: [{ type: 'text', text: 'hello' }] });

    expect(interaction).toMatchObject({ status: 'completed', output_text: 'Simulated answer to: hello' });
  });

  it('pauses for a function, and continues with its result', async () => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const webhook_config = { uris };
    const { id } = await inBackground(ai, { input: 'weather in Bern?', tools: [WEATHER], webhook_config });
    await gemini.advance(2000);
    const paused = await ai.interactions.get(id);
    const call = paused.steps?.at(-1);

    expect(paused.status).toBe('requires_action');
    expect(call).toEqual({
      type: 'function_call',
      id: expect.any(String),
      name: 'weather',
      arguments: { city: 'city', days: 1, hourly: true, unit: '°C', where: { height: 1, names: [] } },
    });

    const call_id = call?.type === 'function_call' ? call.id : '';
    const next = await inBackground(ai, {
      previous_interaction_id: id,
      input: [{ type: 'function_result' as const, call_id, name: 'weather', result: { celsius: 21 } }],
      tools: [WEATHER],
      webhook_config,
    });
    await gemini.advance(2000);

    expect(await ai.interactions.get(next.id)).toMatchObject({
      status: 'completed',
      previous_interaction_id: id,
      output_text: 'Simulated answer from: [{"celsius":21}]',
      steps: [{ type: 'function_result', call_id }, { type: 'thought' }, { type: 'model_output' }],
    });
    expect(events.map(({ type, data }) => [type, data['id']])).toEqual([
      ['interaction.requires_action', id],
      ['interaction.completed', next.id],
    ]);
  });

  it('rejects the result of a function that it has not called', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello', tools: [WEATHER] });
    const resume = (previous_interaction_id?: string) =>
      inBackground(ai, {
        ...(previous_interaction_id !== undefined && { previous_interaction_id }),
        input: [{ type: 'function_result' as const, call_id: 'call_unknown', name: 'weather', result: 'sun' }],
      });

    await expect(resume(id)).rejects.toMatchObject({ status: 400 });
    await gemini.advance(2000);
    await expect(resume(id)).rejects.toMatchObject({ status: 400 });
    await expect(resume()).rejects.toMatchObject({ status: 400 });
    await expect(resume('v1_unknown')).rejects.toMatchObject({ status: 400 });
  });

  it('of the deep research agent ends with a report', async () => {
    const { gemini, ai } = await simulatedGemini();
    const agent = DEEP_RESEARCH;
    const { id } = await ai.interactions.create({ agent, input: 'the history of cats', background: true });

    gemini.finish(id);

    const done = await ai.interactions.get(id);
    expect(done).toMatchObject({ agent, status: 'completed' });
    expect(done.output_text).toMatch(/^# Simulated report\n\nQuestion: the history of cats\n/);
    await expect(ai.interactions.create({ agent, input: 'in the foreground' })).rejects.toMatchObject({ status: 400 });
  });

  it('of the deep research agent first ends with a plan if planning is collaborative', async () => {
    const { gemini, ai } = await simulatedGemini();
    const ask = (input: string, planning: boolean, previous?: string) =>
      ai.interactions.create({
        agent: DEEP_RESEARCH,
        input,
        background: true,
        agent_config: { type: 'deep-research', collaborative_planning: planning },
        ...(previous !== undefined && { previous_interaction_id: previous }),
      });

    const { id } = await ask('the history of cats', true);
    await gemini.advance(2000);
    const plan = await ai.interactions.get(id);
    const next = await ask('Go on.', false, id);
    await gemini.advance(2000);
    const report = await ai.interactions.get(next.id);

    expect([plan.status, report.status]).toEqual(['completed', 'completed']);
    expect(plan.output_text).toMatch(/^# Simulated plan\n/);
    expect(report.output_text).toMatch(/^# Simulated report\n/);
    await expect(
      ai.interactions.create({
        agent: DEEP_RESEARCH,
        input: 'cats',
        background: true,
        previous_interaction_id: 'v1_x',
      }),
    ).rejects.toMatchObject({ status: 400 });
  });

  it('that is running is not found while a fault hides it', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello' });
    gemini.inject({ fault: 'not_found', operation: 'interactions.get', job: id, times: 1 });

    await expect(ai.interactions.get(id)).rejects.toMatchObject({ status: 400 });
    expect((await ai.interactions.get(id)).id).toBe(id);
  });

  it('can report any status while it runs', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello' });

    gemini.setStatus(id, 'requires_continuation');
    const shown = (await ai.interactions.get(id)).status;
    await gemini.advance(2000);

    expect([shown, (await ai.interactions.get(id)).status]).toEqual(['requires_continuation', 'completed']);
  });

  it('fails if its prompt says so', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: '[fail]' });

    await gemini.advance(2000);

    expect(await ai.interactions.get(id)).toMatchObject({ status: 'failed', errors: [{ code: 'internal' }] });
  });

  it.each([
    ['failed', 'interaction.failed'],
    ['cancelled', 'interaction.cancelled'],
    ['requires_action', 'interaction.requires_action'],
  ] as const)('that has ended as %s announces it', async (end, type) => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello', webhook_config: { uris } });

    gemini.finish(id, end);
    await until(() => events.length > 0);

    expect((await ai.interactions.get(id)).status).toBe(end);
    const error = end === 'failed' ? { error_code: 'internal', error_message: expect.any(String) } : {};
    expect(events).toEqual([expect.objectContaining({ type, data: { id, ...error } })]);
  });

  it.each(['incomplete', 'budget_exceeded'] as const)('that has ended as %s announces nothing', async (end) => {
    const { gemini, ai, uris, events } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello', webhook_config: { uris } });

    gemini.finish(id, end);
    await gemini.advance(10_000);

    expect((await ai.interactions.get(id)).status).toBe(end);
    expect(events).toEqual([]);
  });

  it('with functions completes if configured to', async () => {
    const { gemini, ai } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello', tools: [WEATHER] });

    gemini.finish(id, 'succeeded');

    expect((await ai.interactions.get(id)).status).toBe('completed');
  });

  it('can be cancelled while it runs, and deleted', async () => {
    const { ai } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello' });

    const cancelled = await ai.interactions.cancel(id);
    await expect(ai.interactions.cancel(id)).rejects.toMatchObject({ status: 400 });
    await ai.interactions.delete(id);

    expect(cancelled).toMatchObject({ id, status: 'cancelled' });
    await expect(ai.interactions.get(id)).rejects.toMatchObject({ status: 404 });
  });

  it('returns its input on request, and cannot be streamed', async () => {
    const { ai } = await simulatedGemini();
    const { id } = await inBackground(ai, { input: 'hello' });

    expect((await ai.interactions.get(id)).input).toBeUndefined();
    expect((await ai.interactions.get(id, { include_input: true })).input).toBe('hello');
    await expect(ai.interactions.get(id, { stream: true })).rejects.toMatchObject({ status: 400 });
  });
});

type ModelInteraction = Interactions.InteractionCreateParams.CreateModelInteractionParamsNonStreaming;

function inBackground(ai: GoogleGenAI, params: Omit<ModelInteraction, 'model'>) {
  return ai.interactions.create({ model: MODEL, background: true, ...params });
}
