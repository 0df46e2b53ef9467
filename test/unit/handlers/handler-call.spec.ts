import { describe, expect, it } from '@jest/globals';
import { EMPTY, of, throwError } from 'rxjs';
import { callCurrentMethod, lastValue, rejectGenerator } from '../../../lib/handlers/handler-call.js';

const method = { className: 'Orders', methodName: 'publish' };

describe('the result of a handler', () => {
  it.each([
    { what: 'a stream', result: of(1, 2), value: 2 },
    { what: 'an empty stream', result: EMPTY, value: undefined },
    { what: 'no stream', result: 'text', value: 'text' },
  ])('of $what is its last value', async ({ result, value }) => {
    expect(await lastValue(result)).toBe(value);
  });

  it('of a stream that fails is its error', async () => {
    const error = new Error('down');

    await expect(lastValue(throwError(() => error))).rejects.toBe(error);
  });

  it.each([
    { what: 'a generator', result: (function* () {})() },
    { what: 'an async generator', result: (async function* () {})() },
    {
      what: 'what old compilers emit as a generator',
      result: { next: 1, throw: 1, [Symbol.iterator]: 1 },
    },
  ])('may not be $what', ({ result }) => {
    expect(() => rejectGenerator(result, method)).toThrow(
      expect.objectContaining({
        code: 'invalid_handler',
        message:
          'Orders.publish returned a generator, which does nothing until it is iterated. Iterate it in the method.',
      }) as unknown as Error,
    );
  });

  it.each([
    { what: 'null', result: null },
    { what: 'undefined', result: undefined },
    { what: 'text', result: 'text' },
    { what: 'a function', result: Object.assign(() => undefined, { next: 1, throw: 1, [Symbol.iterator]: 1 }) },
    { what: 'a list', result: [1] },
    { what: 'an iterator that nothing can be thrown into', result: [1].values() },
    { what: 'a subject, which has next only', result: { next: () => undefined, [Symbol.iterator]: 1 } },
    { what: 'an object that can only throw', result: { throw: () => undefined, [Symbol.iterator]: 1 } },
    { what: 'an object with both methods that cannot be iterated', result: { next: 1, throw: 1 } },
  ])('may be $what', ({ result }) => {
    expect(rejectGenerator(result, method) === result).toBe(true);
  });
});

describe('the call of a handler', () => {
  it('is that of the current method of the instance, with its arguments', () => {
    const orders = { prefix: 'old', publish: (..._given: unknown[]): unknown => 'replaced' };
    orders.publish = function (this: { prefix: string }, ...given) {
      return [this.prefix, ...given];
    };

    expect(callCurrentMethod(orders, 'publish', [1, 2])).toEqual(['old', 1, 2]);
  });
});
