import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../../lib/testing/simulator/clock.js';
import { interactionsResource } from '../../../../lib/testing/simulator/interactions.js';
import type { ApiRequest, SimulatorContext } from '../../../../lib/testing/simulator/simulated-api.js';

describe('the pause of a simulated interaction', () => {
  it.each([
    [{}, 'interaction.requires_action'],
    [{ pauseEvent: 'interaction.completed' }, 'interaction.completed'],
  ] as const)('with %j is announced as %s', async (options, type) => {
    const announced: string[] = [];
    const clock = new ManualClock(async () => {});
    const context: SimulatorContext = {
      clock,
      baseUrl: 'http://127.0.0.1',
      endOf: () => 'succeeded',
      durationOf: () => 10,
      checkUserMetadata: () => {},
      emit: (event) => announced.push(event.type),
    };
    const { routes } = interactionsResource(context, options);
    const create = routes.find(({ operation }) => operation === 'interactions.create');
    const body = { model: 'gemini', input: 'hi', background: true, tools: [{ type: 'function', name: 'look_up' }] };

    await create?.handle({ params: [], json: async () => body } as unknown as ApiRequest);
    await clock.advance(10);

    expect(announced).toEqual([type]);
  });
});
