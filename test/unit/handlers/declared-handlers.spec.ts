import 'reflect-metadata';
import { describe, expect, it, jest } from '@jest/globals';
import { UseGuards } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { declaredHandlers, DeclarationWatch, declaringClasses } from '../../../lib/handlers/declared-handlers.js';
import { OnGeminiEvent } from '../../../lib/handlers/on-gemini-event.decorator.js';

function define() {
  class Orders {
    @OnGeminiEvent('batch.*')
    publish() {}
  }
  return Orders;
}

describe('a watch of declarations', () => {
  it('calls back for each decorated method that is defined while it runs', () => {
    const [onDeclared, onOther] = [jest.fn(), jest.fn()];
    const [watch, other] = [new DeclarationWatch(onDeclared), new DeclarationWatch(onOther)];

    define();
    watch.start();
    other.start();
    define();
    watch.stop();
    define();
    other.stop();
    define();

    expect([onDeclared, onOther].map((callback) => callback.mock.calls.length)).toEqual([1, 2]);
  });
});

describe('the decorated methods of a class', () => {
  class Base {
    @OnGeminiEvent('batch.*')
    publish() {}

    @OnGeminiEvent('video.*', { name: 'videos' })
    show() {}
  }

  class Derived extends Base {
    @OnGeminiEvent('*')
    @OnGeminiEvent('batch.succeeded', { timeoutMs: 5 })
    override publish() {}
  }

  it("are its own and inherited ones, with the nearest class's decorators", () => {
    const found = [...declaredHandlers(Derived.prototype)].map(([name, { className, isOwn, metadata, methods }]) => ({
      name,
      className,
      isOwn,
      metadata,
      methods,
    }));

    expect(found).toEqual([
      {
        name: 'publish',
        className: 'Derived',
        isOwn: true,
        metadata: [{ patterns: ['batch.succeeded'], timeoutMs: 5 }, { patterns: ['*'] }],
        methods: [Derived.prototype.publish],
      },
      {
        name: 'show',
        className: 'Base',
        isOwn: false,
        metadata: [{ patterns: ['video.*'], name: 'videos' }],
        methods: [Base.prototype.show],
      },
    ]);
  });

  it('are none for a class without decorators', () => {
    expect([...declaredHandlers(class Plain {}.prototype)]).toEqual([]);
  });

  it('include a function that a decorator is given for a method that the class does not have', async () => {
    class Plain {}
    const given = { value: () => undefined };

    OnGeminiEvent('*')(Plain.prototype, 'added', given);
    // Enhancers are copied once all decorators have run.
    await nextTurn();

    expect(declaredHandlers(Plain.prototype).get('added')?.methods).toStrictEqual([given.value]);
  });

  it('include the original method if a decorator below has wrapped it', () => {
    const { publish } = Base.prototype;
    const wrapped = { value: () => undefined };

    OnGeminiEvent('*')(Base.prototype, 'publish', wrapped);

    expect(declaredHandlers(Base.prototype).get('publish')?.methods).toEqual([publish, wrapped.value]);
  });

  it('make it one of the classes with such methods, once', () => {
    expect(declaringClasses().filter((one) => one === Derived.prototype)).toEqual([Derived.prototype]);
    expect(new Set(declaringClasses().map((one) => typeof one))).toEqual(new Set(['object']));
  });
});

describe('the enhancers of a decorated method', () => {
  class Guard {
    canActivate = () => true;
  }

  it('stay as they are if no decorator has replaced the method', async () => {
    class Orders {
      @UseGuards(Guard)
      @UseGuards(Guard)
      @OnGeminiEvent('*')
      publish() {}
    }
    await nextTurn();

    expect(Reflect.getMetadata('__guards__', Orders.prototype.publish)).toEqual([Guard, Guard]);
  });

  it('are copied to the method that has replaced it, and no others', async () => {
    const replaced = () => undefined;
    class Orders {
      @((_target, _key, descriptor: PropertyDescriptor) => ({ ...descriptor, value: replaced }))
      @UseGuards(Guard)
      @OnGeminiEvent('*')
      publish() {}
    }
    await nextTurn();

    expect(Orders.prototype.publish).toBe(replaced);
    expect(Reflect.getMetadataKeys(replaced)).toEqual(['__guards__']);
    expect(Reflect.getMetadata('__guards__', replaced)).toEqual([Guard]);
  });
});
