/** Keys of Nest's metadata on classes and methods. Nest does not export them; they are the same in versions 11 and 12. */
export const ENHANCER_METADATA = {
  guards: '__guards__',
  interceptors: '__interceptors__',
  pipes: '__pipes__',
  filters: '__exceptionFilters__',
} as const;

const ROUTE_ARGUMENTS = '__routeArguments__';
const CUSTOM_ARGUMENT = '__customRouteArgs__';

/** Key of a handler's argument metadata. Separate from Nest's key, because the method may also be a route. */
export const HANDLER_ARGUMENTS = 'nestjs-gemini-webhooks:arguments';

/**
 * Returns the enhancers of one kind on a class and on its method.
 *
 * @param versions the current method, and the method that its decorators saw
 */
export function enhancersOf(key: string, type: object, versions: readonly object[]): readonly unknown[] {
  return [...listAt(key, type), ...enhancersOn(key, versions)];
}

/** Returns the enhancers of one kind on all versions of a method, without duplicates. */
export function enhancersOn(key: string, versions: readonly object[]): readonly unknown[] {
  return [...new Set(versions.flatMap((version) => listAt(key, version)))];
}

/**
 * Copies the metadata of every version of a method to the function that is called in its place. A decorator that wraps a
 * method rarely copies its metadata, and Nest looks for enhancers on the function that it calls.
 */
export function withMetadataOf<Carrier extends (...args: never[]) => unknown>(
  versions: readonly object[],
  carrier: Carrier,
): Carrier {
  const [now] = versions;
  Object.defineProperty(carrier, 'name', { value: (now as { name?: unknown } | undefined)?.name });
  const enhancers: readonly unknown[] = Object.values(ENHANCER_METADATA);
  for (const key of new Set(versions.flatMap((version) => Reflect.getMetadataKeys(version) as unknown[]))) {
    const holders = versions.filter((version) => Reflect.hasMetadata(key, version));
    const value: unknown = enhancers.includes(key)
      ? enhancersOn(key as string, holders)
      : Reflect.getMetadata(key, holders[0] as object);
    Reflect.defineMetadata(key, value, carrier);
  }
  return carrier;
}

function listAt(key: string, holder: object): readonly unknown[] {
  return (Reflect.getMetadata(key, holder) as unknown[] | undefined) ?? [];
}

/**
 * Defines a handler's argument metadata, because Nest runs pipes only on parameters that have some. Parameters with a
 * decorator from `createParamDecorator` keep it. Otherwise the first is the event and the second is the context.
 *
 * @returns false if no metadata is needed: without pipes and decorators Nest passes the arguments unchanged
 */
export function definedArguments(type: object, methodName: string, versions: readonly object[]): boolean {
  const given = (Reflect.getMetadata(ROUTE_ARGUMENTS, type, methodName) ?? {}) as Record<string, ArgumentDescription>;
  const custom = Object.entries(given).filter(([key]) => key.includes(CUSTOM_ARGUMENT));
  if (custom.length === 0 && enhancersOf(ENHANCER_METADATA.pipes, type, versions).length === 0) return false;
  const taken = new Set(custom.map(([, { index }]) => index));
  const own = [EventArguments.EVENT, EventArguments.CONTEXT]
    .map((kind, index) => [`${kind}:${index}`, { index, data: undefined, pipes: [] }] as const)
    .filter(([, { index }]) => !taken.has(index));
  Reflect.defineMetadata(HANDLER_ARGUMENTS, Object.fromEntries([...custom, ...own]), type, methodName);
  return true;
}

interface ArgumentDescription {
  readonly index: number;
}

/** Gives Nest the value of a parameter with metadata. */
export class EventArguments {
  /** Nest's code for a body, so that a `ValidationPipe` validates the event like one. */
  static readonly EVENT = 3;
  static readonly CONTEXT = 101;

  static isContext(type: unknown): boolean {
    return type === EventArguments.CONTEXT;
  }

  exchangeKeyForValue(kind: number, _data: unknown, [event, context]: unknown[]): unknown {
    return kind === EventArguments.CONTEXT ? context : event;
  }
}
