/** Where Nest keeps what stands on classes and methods. Not exported by its entry points, and the same in 11 and 12. */
export const ENHANCER_METADATA = {
  guards: '__guards__',
  interceptors: '__interceptors__',
  pipes: '__pipes__',
  filters: '__exceptionFilters__',
} as const;

const ROUTE_ARGUMENTS = '__routeArguments__';
const CUSTOM_ARGUMENT = '__customRouteArgs__';

/** Where the arguments of a handler are described: a key of our own, since a method may be a route as well. */
export const HANDLER_ARGUMENTS = 'nestjs-gemini-webhooks:arguments';

/** What stands on a class and on its method, of one kind. */
export function enhancersOf(key: string, type: object, method: object): readonly unknown[] {
  return [
    ...((Reflect.getMetadata(key, type) as unknown[]) ?? []),
    ...((Reflect.getMetadata(key, method) as unknown[]) ?? []),
  ];
}

/**
 * Describes a handler's arguments where Nest must know them: it runs pipes on described parameters only. Parameters with
 * a decorator made by `createParamDecorator` keep it; else the first is the event and the second the context.
 *
 * @returns whether they need describing: without pipes and decorators Nest passes the arguments on as they are
 */
export function definedArguments(type: object, methodName: string, method: object): boolean {
  const given = (Reflect.getMetadata(ROUTE_ARGUMENTS, type, methodName) ?? {}) as Record<string, ArgumentDescription>;
  const custom = Object.entries(given).filter(([key]) => key.includes(CUSTOM_ARGUMENT));
  if (custom.length === 0 && enhancersOf(ENHANCER_METADATA.pipes, type, method).length === 0) return false;
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

/** Tells Nest the value of a described parameter. */
export class EventArguments {
  /** Nest's own code for a body, so that a `ValidationPipe` takes the event for one. */
  static readonly EVENT = 3;
  static readonly CONTEXT = 101;

  static isContext(type: unknown): boolean {
    return type === EventArguments.CONTEXT;
  }

  exchangeKeyForValue(kind: number, _data: unknown, [event, context]: unknown[]): unknown {
    return kind === EventArguments.CONTEXT ? context : event;
  }
}
