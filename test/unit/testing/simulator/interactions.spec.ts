import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../../lib/testing/simulator/clock.js';
import { FileStore } from '../../../../lib/testing/simulator/file-store.js';
import { interactionsResource } from '../../../../lib/testing/simulator/interactions.js';
import { ModelCatalogue } from '../../../../lib/testing/simulator/model-catalogue.js';
import type { ApiRequest, SimulatorContext } from '../../../../lib/testing/simulator/simulated-api.js';
import { simulatorConfig } from '../../../../lib/testing/simulator/simulator.options.js';

describe('the pause of a simulated interaction', () => {
  it.each([
    [{}, 'interaction.requires_action'],
    [{ pauseEvent: 'interaction.completed' }, 'interaction.completed'],
  ] as const)('with %j publishes %s', async (options, type) => {
    const published: string[] = [];
    const clock = new ManualClock(async () => {});
    const context: SimulatorContext = {
      clock,
      baseUrl: 'http://127.0.0.1',
      models: new ModelCatalogue(),
      isHidden: () => false,
      endOf: () => 'succeeded',
      durationOf: () => 10,
      checkUserMetadata: () => {},
      emit: (events) => published.push(...events.map((event) => event.type)),
    };
    const { routes } = interactionsResource(context, new FileStore(clock), simulatorConfig(options));
    const create = routes.find(({ operation }) => operation === 'interactions.create');
    const body = {
      model: 'gemini-3.8-flash',
      input: 'hi',
      background: true,
      tools: [{ type: 'function', name: 'look_up' }],
    };

    await create?.handle({ params: [], json: async () => body } as unknown as ApiRequest);
    await clock.advance(10);

    expect(published).toEqual([type]);
  });
});
