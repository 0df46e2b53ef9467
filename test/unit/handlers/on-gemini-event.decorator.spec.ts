import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import {
  OnGeminiEvent,
  onGeminiEventMetadata,
  type OnGeminiEventOptions,
} from '../../../lib/handlers/on-gemini-event.decorator.js';

type Decorate = (target: object, key: string | symbol, descriptor: PropertyDescriptor) => void;

/** As plain JavaScript calls it. */
const decorator = OnGeminiEvent as unknown as (pattern: unknown, options?: OnGeminiEventOptions) => Decorate;

class Handlers {
  run() {}
  static run() {}
  get value() {
    return () => {};
  }
}

const descriptorOf = (target: object, key: string) =>
  Object.getOwnPropertyDescriptor(target, key) as PropertyDescriptor;

const apply = (pattern: unknown, options?: OnGeminiEventOptions) => () =>
  decorator(pattern, options)(Handlers.prototype, 'run', descriptorOf(Handlers.prototype, 'run'));

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'invalid_handler', message: expect.stringMatching(message) });

describe('OnGeminiEvent', () => {
  it.each([
    ['batch.suceeded', /on Handlers\.run: "batch\.suceeded" is not an event.*'batch\.succeeded'.*'\*'/],
    ['batch.succeded', /"batch\.succeded" is not an event\. Did you mean "batch\.succeeded"\?/],
    ['batches.*', /"batches\.\*" is not an event\. Did you mean "batch\.\*"\?/],
    ['audio.succeeded', /"audio\.succeeded" is not an event\. Give/],
    ['', /"" is not an event/],
    ['.*', /"\.\*" is not an event/],
    ['batch.', /"batch\." is not an event/],
    ['audio.*', /"audio\.\*" is not an event/],
    [[], /an empty list is not an event/],
    [['batch.*', 'nothing'], /"nothing" is not an event/],
    [['batch.*', 7], /7 is not an event/],
    // A constant of a module that imports this one is undefined while it loads.
    [undefined, /on Handlers\.run: undefined is not an event/],
    [['batch.*', undefined], /undefined is not an event/],
    [null, /null is not an event/],
    [5, /5 is not an event/],
  ])('rejects the pattern %j when the class is defined', (pattern, message) => {
    expect(apply(pattern)).toThrow(invalid(message) as unknown as Error);
  });

  it.each<[OnGeminiEventOptions, RegExp]>([
    [null as never, /options: got null\. Give \{ name, timeoutMs \}, or nothing\./],
    ['alerts' as never, /options: got a string\. Give/],
    [{ name: '' }, /name must be a non-empty string/],
    [{ name: 7 as unknown as string }, /name must be a non-empty string/],
    [{ timeoutMs: 0 }, /timeoutMs must be a whole number/],
    [{ timeoutMs: 1.5 }, /timeoutMs must be/],
    [{ timeoutMs: Number.NaN }, /timeoutMs must be/],
    [{ timeoutMs: 2 ** 31 }, /timeoutMs must be/],
    [{ timeoutMs: '5' as unknown as number }, /timeoutMs must be/],
  ])('rejects the options %j', (options, message) => {
    expect(apply('*', options)).toThrow(invalid(message) as unknown as Error);
  });

  it.each([
    {
      what: 'a getter',
      target: Handlers.prototype,
      key: 'value',
      descriptor: descriptorOf(Handlers.prototype, 'value'),
    },
    { what: 'a static method', target: Handlers, key: 'run', descriptor: descriptorOf(Handlers, 'run') },
    {
      what: 'a method with a symbol for a name',
      target: Handlers.prototype,
      key: Symbol('hidden'),
      descriptor: { value: () => undefined },
    },
  ])('rejects $what, which discovery would never find', ({ target, key, descriptor }) => {
    expect(() => decorator('*')(target, key, descriptor)).toThrow(
      invalid(/: only instance methods with a string name can handle events\.$/) as unknown as Error,
    );
  });

  it('says what to do if it is called as a TC39 decorator', () => {
    const call = () => decorator('*')(Handlers.prototype.run, { kind: 'method', name: 'run' } as never, {});

    expect(call).toThrow(
      invalid(
        /^@OnGeminiEvent was called as a TC39 decorator\. Nest needs "experimentalDecorators": true in tsconfig\.json\.$/,
      ) as unknown as Error,
    );
  });

  it('rejects generators, which run nothing when they are called', () => {
    const generators = [function* () {}, async function* () {}];

    for (const value of generators) {
      expect(() => decorator('*')(Handlers.prototype, 'run', { value })).toThrow(
        invalid(/: a generator does nothing when it is called\. Use a sync or async method\.$/) as unknown as Error,
      );
    }
  });

  it.each([1, 2 ** 31 - 1])('takes a timeout of %i ms', (timeoutMs) => {
    expect(apply('*', { timeoutMs })).not.toThrow();
  });

  it('stacks, and does not change the metadata of an overridden method', () => {
    class Base {
      @OnGeminiEvent('batch.*')
      @OnGeminiEvent('video.*', { name: 'both' })
      run() {}
    }
    class Derived extends Base {
      @OnGeminiEvent('*')
      override run() {}
    }

    expect(onGeminiEventMetadata(Base.prototype.run)).toEqual([
      { patterns: ['video.*'], name: 'both' },
      { patterns: ['batch.*'] },
    ]);
    expect(onGeminiEventMetadata(Derived.prototype.run)).toEqual([{ patterns: ['*'] }]);
  });
});
