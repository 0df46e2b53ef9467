import { describe, expect, it } from '@jest/globals';
import type { EventHandler } from '../../../lib/handlers/event-handler.js';
import { HandlerRegistry } from '../../../lib/handlers/handler-registry.js';

const handlerOf = (name: string, patterns: EventHandler['patterns'], isInternal?: true): EventHandler => ({
  name,
  patterns,
  timeoutMs: undefined,
  ...(isInternal && { isInternal }),
  invoke: async () => undefined,
});

const namesOf = (handlers: readonly EventHandler[]) => handlers.map(({ name }) => name);

describe('the registry of handlers', () => {
  it.each([
    { where: 'in one list', lists: [[handlerOf('same', ['*']), handlerOf('same', ['*'])]] },
    { where: 'added one after the other', lists: [[handlerOf('same', ['*'])], [handlerOf('same', ['batch.*'])]] },
  ])('rejects two handlers with one name, $where, and says what to do', ({ lists }) => {
    const registry = new HandlerRegistry();

    expect(() => lists.forEach((list) => registry.add(list))).toThrow(
      expect.objectContaining({
        code: 'invalid_handler',
        message:
          'Two handlers of Gemini events are named "same". If two modules provide the class, export it from one and import that module in the other. ' +
          'If the class has two tokens, use useExisting for the second. ' +
          "Otherwise give one handler its own name with @OnGeminiEvent(…, { name: '…' }). For an inherited method, override it first.",
      }) as unknown as Error,
    );
  });

  it('finds handlers by their patterns, in the order in which they were added, also those added later', () => {
    const registry = new HandlerRegistry();
    registry.add([handlerOf('batches', ['batch.*']), handlerOf('all', ['*'])]);
    expect(namesOf(registry.matching('batch.succeeded'))).toEqual(['batches', 'all']);

    registry.add([handlerOf('late', ['batch.succeeded'])]);

    expect(namesOf(registry.matching('batch.succeeded'))).toEqual(['batches', 'all', 'late']);
    expect(namesOf(registry.matching('batch.failed'))).toEqual(['batches', 'all']);
    expect(namesOf(registry.handlers)).toEqual(['batches', 'all', 'late']);
  });

  it('finds only handlers of * for types that it does not know, even if they look like a kind', () => {
    const registry = new HandlerRegistry();
    registry.add([handlerOf('batches', ['batch.*']), handlerOf('all', ['*'])]);

    expect(namesOf(registry.matching('batch.invented'))).toEqual(['all']);
    expect(namesOf(registry.matching('toString'))).toEqual(['all']);
  });

  it("lists each pattern of the users' handlers once", () => {
    const registry = new HandlerRegistry();
    registry.add([
      handlerOf('one', ['batch.*', '*']),
      handlerOf('two', ['batch.*']),
      handlerOf('own', ['video.*'], true),
    ]);

    expect(registry.patterns).toEqual(['batch.*', '*']);
  });

  it('expects handlers only after an inbox says that it runs some', () => {
    const registry = new HandlerRegistry();
    expect(registry.areExpected).toBe(false);

    registry.expect({ isDurable: false });

    expect(registry.areExpected).toBe(true);
  });

  it('has names that are stored if one of several inboxes is durable', () => {
    const registry = new HandlerRegistry();
    registry.expect({ isDurable: false });
    expect(registry.areStored).toBe(false);

    registry.expect({ isDurable: true });
    registry.expect({ isDurable: false });

    expect(registry.areStored).toBe(true);
  });
});
