import { describe, expect, it } from '@jest/globals';
import { checkPatterns } from '../../../lib/events/check-patterns.js';

describe('checkPatterns', () => {
  it.each([[['batch.succeeded']], [['batch.*', '*']], [['video.generated', 'interaction.*']]])(
    'accepts patterns that match events: %j',
    (patterns) => {
      expect(() => checkPatterns('bus.on', patterns, 'invalid_argument')).not.toThrow();
    },
  );

  it.each([
    [
      ['batch.suceeded'],
      'bus.on: "batch.suceeded" is not an event. Did you mean "batch.succeeded"? Give a type of the',
    ],
    [['batch.succeeded', 'btch.*'], 'bus.on: "btch.*" is not an event. Did you mean "batch.*"? Give a type of the'],
    [['audio.generated', 'batch.succeeded'], 'bus.on: "audio.generated" is not an event. Give a type of the'],
    [[7], 'bus.on: 7 is not an event. Give a type of the'],
    [[undefined], 'bus.on: undefined is not an event. Give a type of the'],
    [[], 'bus.on: an empty list is not an event. Give a type of the'],
  ])('names the pattern that matches no event, and what could be meant: %j', (patterns, message) => {
    expect(() => checkPatterns('bus.on', patterns, 'invalid_argument')).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(message) as unknown }),
    );
  });

  it('throws with the code of its caller', () => {
    expect(() => checkPatterns('@OnGeminiEvent', [], 'invalid_handler')).toThrow(
      expect.objectContaining({ code: 'invalid_handler' }),
    );
  });
});
