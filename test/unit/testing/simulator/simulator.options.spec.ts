import { describe, expect, it } from '@jest/globals';
import { simulatorConfig, type GeminiSimulatorOptions } from '../../../../lib/testing/simulator/simulator.options.js';

describe('simulatorConfig', () => {
  it('has a default for every option', () => {
    expect(simulatorConfig({})).toMatchObject({
      port: 0,
      apiKey: 'key-of-the-simulator',
      time: 'real',
      speed: 1,
      durations: { batch: 2000, video: 2000, interaction: 2000 },
      signature: 'v1a',
      metadataAt: 'top',
      models: [],
      agents: [],
      videoEvent: 'none',
      videoResult: 'uri',
      fileProcessingMs: 0,
    });
  });

  it('keeps the other durations if one is given', () => {
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
    ['models', { models: 'gemini-tuned' }],
    ['models', { models: [''] }],
    ['agents', { agents: [7] }],
    ['videoEvent', { videoEvent: 'video.failed' }],
    ['videoResult', { videoResult: 'inline' }],
    ['videoBytes', { videoBytes: 2 ** 40 }],
    ['fileProcessingMs', { fileProcessingMs: -1 }],
    ['durations.batch', { durations: { batch: -1 } }],
    ['durations.images', { durations: { images: 5 } }],
  ])('refuses an invalid %s and names the option', (option, options) => {
    expect(() => simulatorConfig(options as unknown as GeminiSimulatorOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(`${option}: `) }),
    );
  });
});
