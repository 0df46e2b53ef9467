import { isObservable, lastValueFrom } from 'rxjs';
import { GeminiWebhooksError } from '../errors.js';

/** Calls the instance's current method, which may have been replaced since the start. */
export function callCurrentMethod(instance: object, methodName: string, args: readonly unknown[]): unknown {
  const method = (instance as Record<string, unknown>)[methodName] as (...args: readonly unknown[]) => unknown;
  return method.apply(instance, args as unknown[]);
}

/** Returns the last value of a stream after it completes, and any other value unchanged. */
export function lastValue(result: unknown): unknown {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
}

/**
 * Returns the result of a method.
 *
 * @throws GeminiWebhooksError `invalid_handler` for a generator, because the method has not run yet
 */
export function rejectGenerator(
  result: unknown,
  { className, methodName }: { readonly className: string | undefined; readonly methodName: string },
): unknown {
  if (!isGenerator(result)) return result;
  throw new GeminiWebhooksError(
    'invalid_handler',
    `${className}.${methodName} returned a generator, which does nothing until it is iterated. Iterate it in the method.`,
  );
}

/** True for any object with a generator's methods. Some compilers emit plain objects as generators. */
function isGenerator(result: unknown): boolean {
  if (typeof result !== 'object' || result === null || !('next' in result && 'throw' in result)) return false;
  return Symbol.iterator in result || Symbol.asyncIterator in result;
}
