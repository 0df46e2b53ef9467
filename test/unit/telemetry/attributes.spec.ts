import { describe, expect, it } from '@jest/globals';
import { GeminiWebhooksError, TimeoutError } from '../../../lib/errors.js';
import { errorType, eventTypeOf } from '../../../lib/telemetry/attributes.js';

class CardDeclined extends Error {}

const HOSTILE = new Proxy(
  {},
  {
    getPrototypeOf() {
      throw new Error('hostile');
    },
  },
);

describe('attributes', () => {
  it.each([
    ['our code', new GeminiWebhooksError('inbox_unavailable', 'text'), 'inbox_unavailable'],
    ['our code of a timeout', new TimeoutError('text'), 'timeout'],
    ['the class of another error', new CardDeclined('text'), 'CardDeclined'],
    ['no name that an error gives itself', Object.assign(new Error('text'), { name: 'card 4242' }), 'Error'],
    ['nothing of a class with an unusual name', new (class extends Error {})('text'), '_OTHER'],
    ['the class of a value that is not an error', 'text', 'String'],
    ['nothing of undefined', undefined, '_OTHER'],
    ['nothing of an object without a prototype', Object.create(null), '_OTHER'],
    ['nothing of a proxy that throws', HOSTILE, '_OTHER'],
  ])('say of an error %s', (_what, error, type) => {
    expect(errorType(error)).toBe(type);
  });

  it('say of an event its type in the catalogue only', () => {
    expect(eventTypeOf({ type: 'batch.succeeded' })).toBe('batch.succeeded');
    expect(eventTypeOf({ type: 'anything <at> all' })).toBe('_OTHER');
  });
});
