import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { prototypeChain } from './declared-handlers.js';
import { isStatic } from './handler-invoker.js';

/** Returns the providers without aliases, and without factories and values whose instance another provider already has. */
export function distinctProviders(wrappers: readonly InstanceWrapper[]): InstanceWrapper[] {
  const classes = wrappers.filter((wrapper) => !wrapper.isAlias && !wrapper.isNotMetatype);
  const seen = new Set<unknown>(classes.filter(isStatic).map(({ instance }) => instance));
  const others = wrappers.filter((wrapper) => {
    if (wrapper.isAlias || !wrapper.isNotMetatype || !isObjectOrArray(wrapper.instance) || seen.has(wrapper.instance))
      return false;
    seen.add(wrapper.instance);
    return true;
  });
  return [...new Set([...classes, ...others])];
}

/** Returns the prototype of a provider's instance, if it is an instance of a class. */
export function prototypeOf(wrapper: InstanceWrapper): object | undefined {
  const prototype: unknown = wrapper.isNotMetatype
    ? Object.getPrototypeOf(wrapper.instance)
    : wrapper.metatype?.prototype;
  return isObjectOrArray(prototype) && typeof prototype.constructor === 'function' ? prototype : undefined;
}

/** Returns the prototypes of the instances inside arrays, maps, sets and plain objects that are provided as values. */
export function heldPrototypes(wrappers: readonly InstanceWrapper[]): Set<object> {
  const held = wrappers.filter(({ isNotMetatype }) => isNotMetatype).flatMap(({ instance }) => contentsOf(instance));
  return new Set(held.filter(isObjectOrArray).flatMap((one) => prototypeChain(Object.getPrototypeOf(one) as object)));
}

function contentsOf(value: unknown): readonly unknown[] {
  if (!isObjectOrArray(value)) return [];
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return [...value.values()];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return [];
  // Without running getters.
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((descriptor): unknown => descriptor.value);
}

function isObjectOrArray(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
