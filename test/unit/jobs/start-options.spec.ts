import { describe, expect, it } from '@jest/globals';
import { checkStartOptions } from '../../../lib/jobs/start-options.js';

describe('the options of a start', () => {
  it('may be any known options, or none', () => {
    const options = { uri: 'https://app.example.com/hook', params: {}, idempotencyKey: 'night-42' };

    expect(() => checkStartOptions('createVideo', options)).not.toThrow();
    expect(() => checkStartOptions('createVideo', {})).not.toThrow();
  });

  it.each([
    ['a misspelled one', { idempotencykey: 'a' }, /createVideo: idempotencykey: is not an option\..*idempotencyKey/],
    ['null', null, /createVideo: options: got null/],
    ['a string', 'night-42', /createVideo: options: got a string/],
  ])('are rejected if they are %s', (_what, options, message) => {
    expect(() => checkStartOptions('createVideo', options as never)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringMatching(message),
      }) as unknown as Error,
    );
  });
});
