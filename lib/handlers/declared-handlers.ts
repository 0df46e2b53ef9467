import type { GeminiEventPattern } from '../events/gemini-event.js';
import { ENHANCER_METADATA, enhancersOn } from './handler-metadata.js';

/** Metadata of one `@OnGeminiEvent` decorator on a method. */
export interface OnGeminiEventMetadata {
  readonly patterns: readonly GeminiEventPattern[];
  readonly name?: string;
  readonly timeoutMs?: number;
}

/** A method as its `@OnGeminiEvent` decorators saw it. Decorators above them may have replaced it since. */
export interface DeclaredHandler {
  /** Name of the class when the decorator ran. `mixin()` and similar helpers rename classes later. */
  readonly className: string;
  readonly metadata: readonly OnGeminiEventMetadata[];
  /** The functions that were decorated, and the original method. Guards and pipes are stored on them. */
  readonly methods: readonly object[];
}

const declared = new WeakMap<object, Map<string, DeclaredHandler>>();
/** Every class with a decorated method, held weakly. The app warns about those it does not find. */
const classes = new Set<WeakRef<object>>();

/** Watches of the apps, for classes that are defined after the start. Held weakly because not every app is closed. */
const watches = new Set<WeakRef<DeclarationWatch>>();

/** Calls back for each decorated method that is defined between `start` and `stop`. */
export class DeclarationWatch {
  readonly #reference = new WeakRef(this);

  constructor(readonly onDeclared: () => void) {}

  start(): void {
    for (const one of watches) if (!one.deref()) watches.delete(one);
    watches.add(this.#reference);
  }

  stop(): void {
    watches.delete(this.#reference);
  }
}

/** Records one decorator by class and method name, because wrappers rarely copy a function's metadata. */
export function declareHandler(
  prototype: object,
  methodName: string,
  { methods, metadata }: { readonly methods: readonly object[]; readonly metadata: OnGeminiEventMetadata },
): void {
  const own = declared.get(prototype) ?? new Map<string, DeclaredHandler>();
  if (!declared.has(prototype)) {
    declared.set(prototype, own);
    classes.add(new WeakRef(prototype));
    // After all decorators of the class have run, and before Nest looks for the classes of guards and other enhancers.
    queueMicrotask(() => copyEnhancers(prototype, own));
  }
  for (const watch of watches) watch.deref()?.onDeclared();
  const earlier = own.get(methodName);
  own.set(methodName, {
    className: earlier?.className ?? prototype.constructor.name,
    metadata: [...(earlier?.metadata ?? []), metadata],
    methods: [...new Set([...(earlier?.methods ?? []), ...methods])],
  });
}

/** Copies enhancers to the current methods, where Nest looks for the classes to instantiate. */
function copyEnhancers(prototype: object, handlers: ReadonlyMap<string, DeclaredHandler>): void {
  for (const [name, { methods }] of handlers) {
    const now: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    if (typeof now !== 'function' || methods.every((method) => method === now)) continue;
    for (const key of Object.values(ENHANCER_METADATA)) {
      const enhancers = enhancersOn(key, [now, ...methods]);
      if (enhancers.length > 0) Reflect.defineMetadata(key, enhancers, now);
    }
  }
}

/** Returns the decorated methods of a class by name, including inherited ones. The nearest class's decorators apply. */
export function declaredHandlers(
  prototype: object,
): ReadonlyMap<string, DeclaredHandler & { readonly isOwn: boolean }> {
  const found = new Map<string, DeclaredHandler & { readonly isOwn: boolean }>();
  for (const one of prototypeChain(prototype)) {
    for (const [name, handler] of declared.get(one) ?? []) {
      if (!found.has(name)) found.set(name, { ...handler, isOwn: one === prototype });
    }
  }
  return found;
}

/** Returns a prototype and its ancestors, nearest first. */
export function prototypeChain(prototype: object): readonly object[] {
  const chain: object[] = [];
  for (let one: object | null = prototype; one !== null; one = Object.getPrototypeOf(one) as object | null) {
    chain.push(one);
  }
  return chain;
}

/** Returns every class with decorated methods that is still in memory, by its prototype. */
export function declaringClasses(): readonly object[] {
  const alive: object[] = [];
  for (const reference of classes) {
    const prototype = reference.deref();
    if (prototype) alive.push(prototype);
    else classes.delete(reference);
  }
  return alive;
}
