import { describe, expect, it } from '@jest/globals';
import { simulatorConfig, type GeminiSimulatorOptions } from '../../../../lib/testing/simulator/simulator.options.js';

describe('simulatorConfig', () => {
  it('has a default for everything', () => {
    expect(simulatorConfig({})).toMatchObject({
      port: 0,
      apiKey: 'key-of-the-simulator',
      time: 'real',
      speed: 1,
      durations: { batch: 2000, video: 2000, interaction: 2000 },
      signature: 'v1a',
      metadataAt: 'top',
    });
  });

  it('keeps the other durations when one is given', () => {
    expect(simulatorConfig({ durations: { video: Infinity } }).durations).toEqual({
      batch: 2000,
      video: Infinity,
      interaction: 2000,
    });
  });

  it.each([
    ['port', { port: 70_000 }],
    ['apiKey', { apiKey: '' }],
    ['time', { time: 'slow' }],
    ['speed', { speed: 0 }],
    ['signature', { signature: 'v1' }],
    ['metadataAt', { metadataAt: 'body' }],
    ['durations.batch', { durations: { batch: -1 } }],
    ['durations.images', { durations: { images: 5 } }],
  ])('refuses a wrong %s by name', (option, options) => {
    expect(() => simulatorConfig(options as unknown as GeminiSimulatorOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(`${option}: `) }),
    );
  });
});
