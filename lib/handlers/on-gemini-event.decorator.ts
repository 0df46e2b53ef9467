import { GeminiWebhooksError } from '../errors.js';
import { checkPatterns } from '../events/check-patterns.js';
import type { GeminiEventOf, GeminiEventPattern } from '../events/gemini-event.js';
import { checkObject } from '../shared/check-object.js';
import { declareHandler, type OnGeminiEventMetadata } from './declared-handlers.js';
import type { GeminiHandlerContext } from './handler-context.js';

/** Options of `@OnGeminiEvent`. */
export interface OnGeminiEventOptions {
  /**
   * Name of the handler. It appears in checkpoints, log lines and failures, so keep it stable across deploys. The app does
   * not start if two handlers have the same name.
   * @default 'ClassName.methodName'
   */
  readonly name?: string;
  /**
   * Max duration of an attempt, in milliseconds. After that, the attempt fails and `context.signal` aborts.
   * @default no limit
   */
  readonly timeoutMs?: number;
}

const METADATA = Symbol('nestjs-gemini-webhooks:on-gemini-event');

/**
 * Marks a method of a provider or controller as the handler of the events that match one or more patterns. Decorators
 * stack. The method runs once per event, even if several of its patterns match.
 *
 * @example
 * @OnGeminiEvent('batch.succeeded')
 * async publish(event: GeminiEventOf<'batch.succeeded'>) {}
 *
 * @example
 * @OnGeminiEvent(['batch.failed', 'batch.expired'], { name: 'alerts', timeoutMs: 30_000 })
 * alert(event: GeminiEventOf<'batch.failed' | 'batch.expired'>, context: GeminiHandlerContext) {}
 *
 * @throws GeminiWebhooksError `invalid_handler` for an invalid pattern or option, when the class is defined
 */
export function OnGeminiEvent<const Pattern extends GeminiEventPattern>(
  pattern: Pattern | readonly Pattern[],
  options: OnGeminiEventOptions = {},
): <Method extends (...args: never[]) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> & TakesEvent<Pattern, Parameters<Method>>,
) => void {
  const patterns: readonly Pattern[] = Array.isArray(pattern) ? pattern : [pattern as Pattern];
  return (target, key, descriptor) => {
    checkPlace(key);
    const where = `@OnGeminiEvent on ${target.constructor.name}.${String(key)}`;
    checkObject(where, options, { code: 'invalid_handler', todo: 'Give { name, timeoutMs }, or nothing.' });
    check(where, patterns, options);
    const method = (descriptor as PropertyDescriptor | undefined)?.value as object | undefined;
    if (typeof method !== 'function' || typeof target === 'function' || typeof key === 'symbol') {
      throw new GeminiWebhooksError(
        'invalid_handler',
        `${where}: only instance methods with a string name can handle events.`,
      );
    }
    checkIsCalledOnce(where, method);
    const metadata = { ...options, patterns };
    const earlier = (Reflect.getOwnMetadata(METADATA, method) ?? []) as readonly OnGeminiEventMetadata[];
    Reflect.defineMetadata(METADATA, [...earlier, metadata], method);
    // The class still has the original method: decorators below this one may have wrapped it, and those below them put
    // their metadata on the original.
    const original: unknown = Object.getOwnPropertyDescriptor(target, key)?.value;
    const methods = typeof original === 'function' ? [method, original] : [method];
    declareHandler(target, key, { methods, metadata });
  };
}

/**
 * Rejects generators: calling one only creates it, and nothing runs until it is iterated.
 *
 * @throws GeminiWebhooksError `invalid_handler`
 */
export function checkIsCalledOnce(where: string, method: object): void {
  if (!/Generator/.test(Object.prototype.toString.call(method))) return;
  throw new GeminiWebhooksError(
    'invalid_handler',
    `${where}: a generator does nothing when it is called. Use a sync or async method.`,
  );
}

/** A TC39 decorator receives a function and a context instead of a prototype and a key. */
function checkPlace(key: unknown): void {
  if (typeof key === 'string' || typeof key === 'symbol') return;
  throw new GeminiWebhooksError(
    'invalid_handler',
    '@OnGeminiEvent was called as a TC39 decorator. Nest needs "experimentalDecorators": true in tsconfig.json.',
  );
}

/** Returns the metadata of the `@OnGeminiEvent` decorators on a method; empty if it has none. */
export function onGeminiEventMetadata(method: object): readonly OnGeminiEventMetadata[] {
  return (Reflect.getOwnMetadata(METADATA, method) ?? []) as readonly OnGeminiEventMetadata[];
}

/** `unknown` if the method accepts what the pattern delivers. Otherwise a type that no descriptor has, so compilation fails. */
type TakesEvent<Pattern extends GeminiEventPattern, Params extends unknown[]> =
  Takes<Params, 0, GeminiEventOf<Pattern>> extends true
    ? Takes<Params, 1, GeminiHandlerContext> extends true
      ? unknown
      : { 'the second parameter must take': GeminiHandlerContext }
    : { 'the first parameter must take': GeminiEventOf<Pattern> };

/** `true` if the method has no parameter at this position or accepts the value there. Works without `strict`, too. */
type Takes<Params extends unknown[], Place extends 0 | 1, Value> = Params['length'] extends LengthUpTo[Place]
  ? true
  : [Value] extends [Params[Place]]
    ? true
    : false;

/** Lengths of parameter lists that end before a position. */
type LengthUpTo = [0, 0 | 1];

function check(where: string, patterns: readonly unknown[], { name, timeoutMs }: OnGeminiEventOptions): void {
  checkPatterns(where, patterns, 'invalid_handler');
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new GeminiWebhooksError('invalid_handler', `${where}: name must be a non-empty string.`);
  }
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new GeminiWebhooksError(
      'invalid_handler',
      `${where}: timeoutMs must be a whole number of milliseconds, at least 1.`,
    );
  }
}
