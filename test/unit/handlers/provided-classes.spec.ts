import { describe, expect, it } from '@jest/globals';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { distinctProviders, heldPrototypes, prototypeOf } from '../../../lib/handlers/provided-classes.js';

class Base {}
class Orders extends Base {}

interface Facts {
  readonly instance?: unknown;
  readonly metatype?: unknown;
  readonly isAlias?: boolean;
  readonly isNotMetatype?: boolean;
  readonly isTransient?: boolean;
  readonly isTreeStatic?: boolean;
}

const wrapperOf = ({ isTreeStatic = true, ...facts }: Facts) =>
  ({ isAlias: false, isTransient: false, isDependencyTreeStatic: () => isTreeStatic, ...facts }) as InstanceWrapper;
const value = (instance: unknown, isAlias = false) => wrapperOf({ instance, isNotMetatype: true, isAlias });
const provided = (instance: object, more: Facts = {}) =>
  wrapperOf({ instance, metatype: instance.constructor, isNotMetatype: false, ...more });

describe('the providers that discovery looks at', () => {
  it('are classes, and values that no other provider has, without aliases', () => {
    const [orders, made] = [new Orders(), new Orders()];
    const wrappers = {
      again: value(orders),
      orders: provided(orders),
      alias: value(orders, true),
      aliasOfClass: provided(orders, { isAlias: true }),
      made: value(made),
      madeAgain: value(made),
      nothing: value(null),
      text: value('text'),
      method: value(() => undefined),
      list: value([made]),
    };

    expect(distinctProviders(Object.values(wrappers))).toEqual([wrappers.orders, wrappers.made, wrappers.list]);
  });

  it('include a value that equals only what Nest made for a class that it creates anew for each event', () => {
    const placeholder = new Orders();
    const scoped = provided(placeholder, { isTreeStatic: false });
    const same = value(placeholder);

    expect(distinctProviders([scoped, same])).toEqual([scoped, same]);
  });
});

describe('the prototype of a provider', () => {
  it.each([
    { what: 'that of a class', wrapper: provided(new Orders()), prototype: Orders.prototype },
    { what: 'that of the instance of a factory', wrapper: value(new Orders()), prototype: Orders.prototype },
    { what: 'none without a class', wrapper: wrapperOf({ isNotMetatype: false }), prototype: undefined },
    { what: 'none of an object without a prototype', wrapper: value(Object.create(null)), prototype: undefined },
    {
      what: 'none if it has no constructor',
      wrapper: value(Object.create({ constructor: 7 })),
      prototype: undefined,
    },
    {
      what: 'none of an arrow function',
      wrapper: wrapperOf({ isNotMetatype: false, metatype: () => undefined }),
      prototype: undefined,
    },
  ])('is $what', ({ wrapper, prototype }) => {
    expect(prototypeOf(wrapper) === prototype).toBe(true);
  });
});

describe('the instances inside a provided value', () => {
  const orders = new Orders();

  it.each<{ what: string; held: unknown }>([
    { what: 'a list', held: [orders, 'text', null] },
    { what: 'a map', held: new Map([['orders', orders]]) },
    { what: 'a set', held: new Set([orders]) },
    { what: 'a plain object', held: { orders } },
    { what: 'an object without a prototype', held: Object.assign(Object.create(null) as object, { orders }) },
  ])('are found in $what, with the classes that they inherit from', ({ held }) => {
    const found = heldPrototypes([value(held)]);

    expect([Orders, Base].map(({ prototype }) => found.has(prototype))).toEqual([true, true]);
  });

  it('are not looked for in instances, in classes, and behind getters', () => {
    class Holder {
      readonly orders = orders;
    }
    const behindGetter = {
      get orders(): never {
        throw new Error('a getter was read');
      },
    };
    const wrappers = [value(new Holder()), value('text'), value(null), value(behindGetter), provided({ orders })];

    expect([...heldPrototypes(wrappers)]).toEqual([]);
  });
});
