import { describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { messageOf } from '../../lib/errors.js';

describe('messageOf', () => {
  it.each<{ what: string; thrown: unknown; words: string }>([
    { what: 'an error', thrown: new Error('no such order'), words: 'no such order' },
    { what: 'a string', thrown: 'no such order', words: 'no such order' },
    { what: 'nothing', thrown: undefined, words: 'undefined' },
    { what: 'a symbol', thrown: Symbol('order'), words: 'Symbol(order)' },
    { what: 'an error without a message', thrown: new RangeError(), words: 'RangeError' },
    {
      what: 'an error with a code alone',
      thrown: Object.assign(new Error(), { code: 'ECONNRESET' }),
      words: 'Error ECONNRESET',
    },
    {
      what: 'a connection that is refused at every address, as Node throws it',
      thrown: Object.assign(new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]), {
        code: 'ECONNREFUSED',
      }),
      words: 'refused ::1, refused 127.0.0.1',
    },
    {
      what: "a failed connection of the SDK, whose cause is that of Node's fetch",
      thrown: new Error('Unable to make request: TypeError: fetch failed', {
        cause: new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') }),
      }),
      words: 'Unable to make request: TypeError: fetch failed: connect ECONNREFUSED 127.0.0.1:9',
    },
    { what: 'a failed connection without a cause', thrown: new TypeError('fetch failed'), words: 'fetch failed' },
    { what: 'a message that is not a string', thrown: Object.assign(new Error(), { message: {} }), words: 'Error' },
    { what: 'an object with a message', thrown: { message: 'no such order' }, words: 'no such order' },
    {
      what: 'an object without a message',
      thrown: { code: 23505, detail: 'twice' },
      words: "{ code: 23505, detail: 'twice' }",
    },
    { what: 'an object without a prototype', thrown: Object.create(null), words: '[Object: null prototype] {}' },
    {
      what: "a ValidationPipe's exception",
      thrown: new BadRequestException(['id must be a string', 'state should not exist']),
      words: 'Bad Request Exception: id must be a string, state should not exist',
    },
    {
      what: 'a value that cannot be read',
      thrown: Object.defineProperty({}, 'message', {
        get() {
          throw new Error('not even that');
        },
      }),
      words: 'an error that cannot be read',
    },
  ])('describes $what', ({ thrown, words }) => {
    expect(messageOf(thrown)).toBe(words);
  });

  it('bounds the length for an object', () => {
    expect(messageOf({ detail: 'x'.repeat(10_000) }).length).toBeLessThanOrEqual(200);
  });
});
