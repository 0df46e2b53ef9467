import { GeminiWebhooksError } from '../errors.js';
import { isPattern } from '../events/event-pattern.js';
import type { GeminiEventOf, GeminiEventPattern } from '../events/gemini-event.js';
import type { GeminiHandlerContext } from './handler-context.js';

/** Options of `@OnGeminiEvent`. */
export interface OnGeminiEventOptions {
  /**
   * The handler's name: in checkpoints, logs and failures, so keep it stable across deploys. Two handlers of one name
   * stop the app.
   * @default 'ClassName.methodName'
   */
  readonly name?: string;
  /**
   * After this many milliseconds the attempt fails and `context.signal` aborts.
   * @default no limit
   */
  readonly timeoutMs?: number;
}

/** What one decorator on a method asks for. */
export interface OnGeminiEventMetadata extends OnGeminiEventOptions {
  readonly patterns: readonly GeminiEventPattern[];
}

const METADATA = Symbol('nestjs-gemini-webhooks:on-gemini-event');

/**
 * Makes a method of any provider or controller handle the events of a pattern, or of several. Decorators stack; a
 * method runs once for an event, however many of its patterns match.
 *
 * @example
 * @OnGeminiEvent('batch.succeeded')
 * async publish(event: GeminiEventOf<'batch.succeeded'>) {}
 *
 * @example
 * @OnGeminiEvent(['batch.failed', 'batch.expired'], { name: 'alerts', timeoutMs: 30_000 })
 * alert(event: GeminiEventOf<'batch.failed' | 'batch.expired'>, context: GeminiHandlerContext) {}
 *
 * @throws GeminiWebhooksError `invalid_handler`, when the class is defined, for what is not a pattern
 */
export function OnGeminiEvent<const Pattern extends GeminiEventPattern>(
  pattern: Pattern | readonly Pattern[],
  options: OnGeminiEventOptions = {},
): <Method extends (...args: never[]) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> & TakesEvent<Pattern, Parameters<Method>>,
) => void {
  const patterns: readonly Pattern[] = typeof pattern === 'string' ? [pattern] : pattern;
  return (target, key, descriptor) => {
    const where = `@OnGeminiEvent on ${target.constructor.name}.${String(key)}`;
    check(where, patterns, options);
    const method = descriptor.value as object | undefined;
    if (typeof method !== 'function' || typeof target === 'function' || typeof key === 'symbol') {
      throw new GeminiWebhooksError(
        'invalid_handler',
        `${where}: only methods of instances, with a string for a name, can handle events.`,
      );
    }
    const earlier = (Reflect.getOwnMetadata(METADATA, method) ?? []) as readonly OnGeminiEventMetadata[];
    Reflect.defineMetadata(METADATA, [...earlier, { ...options, patterns }], method);
  };
}

/** What the decorators on a method ask for; empty when there are none. */
export function onGeminiEventMetadata(method: object): readonly OnGeminiEventMetadata[] {
  return (Reflect.getOwnMetadata(METADATA, method) ?? []) as readonly OnGeminiEventMetadata[];
}

/** Nothing when the method can take what the pattern delivers; else a type that no descriptor has, so that it does not compile. */
type TakesEvent<Pattern extends GeminiEventPattern, Params extends unknown[]> =
  Takes<Params, 0, GeminiEventOf<Pattern>> extends true
    ? Takes<Params, 1, GeminiHandlerContext> extends true
      ? unknown
      : { 'the second parameter must take': GeminiHandlerContext }
    : { 'the first parameter must take': GeminiEventOf<Pattern> };

/** Whether a method that declares a parameter at this place can take a value there. Compared without variance: that holds without `strict` too. */
type Takes<Params extends unknown[], Place extends 0 | 1, Value> = Params['length'] extends LengthUpTo[Place]
  ? true
  : [Value] extends [Params[Place]]
    ? true
    : false;

/** Lengths of parameter lists that end before a place. */
type LengthUpTo = [0, 0 | 1];

function check(where: string, patterns: readonly unknown[], { name, timeoutMs }: OnGeminiEventOptions): void {
  const wrong = patterns.find((one) => !isPattern(one));
  if (patterns.length === 0 || wrong !== undefined) {
    const given = patterns.length === 0 ? 'an empty list' : JSON.stringify(wrong);
    throw new GeminiWebhooksError(
      'invalid_handler',
      `${where}: ${given} is no event. Give a type of the catalogue ('batch.succeeded'), all of a kind ('batch.*'), or '*', which also gets types unknown to this version.`,
    );
  }
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new GeminiWebhooksError('invalid_handler', `${where}: name must be a string that is not empty.`);
  }
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new GeminiWebhooksError(
      'invalid_handler',
      `${where}: timeoutMs must be a whole number of milliseconds from 1.`,
    );
  }
}
