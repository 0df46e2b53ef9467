import { GeminiWebhooksError } from '../errors.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { GeminiHandlerContext } from './handler-context.js';

/** One attempt of a handler, as a hook sees it. */
export interface GeminiHandlerRun {
  readonly event: GeminiEvent;
  readonly context: GeminiHandlerContext;
}

/**
 * Runs code around each attempt of each handler: opens a CLS or error reporting scope, measures, logs. List the class in the
 * module's `around` option.
 *
 * @example
 * @Injectable()
 * export class InCls implements AroundGeminiHandler {
 *   constructor(private readonly cls: ClsService) {}
 *
 *   around({ event }: GeminiHandlerRun, next: () => Promise<unknown>) {
 *     return this.cls.run(() => {
 *       this.cls.set('delivery', event.delivery.id);
 *       return next();
 *     });
 *   }
 * }
 */
export interface AroundGeminiHandler {
  /**
   * Calls `next` once, which runs the following hooks and then the handler with its guards, pipes, interceptors and filters.
   * The attempt fails if `next` is not called. An error of the handler fails the attempt even if the hook catches it.
   */
  around(run: GeminiHandlerRun, next: () => Promise<unknown>): unknown;
}

/** A hook and its name, for error messages. */
export interface NamedHook {
  readonly name: string;
  readonly hook: AroundGeminiHandler;
}

/**
 * Runs a handler within the hooks, the first of them outermost.
 *
 * @throws GeminiWebhooksError `invalid_handler` if a hook did not run the handler; otherwise the error of a hook or the handler
 */
export async function runAround(
  hooks: readonly NamedHook[],
  run: GeminiHandlerRun,
  invoke: () => Promise<unknown>,
): Promise<unknown> {
  let running: Promise<unknown> | undefined;
  const callFrom = async (index: number): Promise<unknown> => {
    const named = hooks[index];
    if (!named) return (running = invoke());
    let isCalled = false;
    const result = await named.hook.around(run, () => {
      if (isCalled) return Promise.reject(wrongUse(named, 'called next() twice'));
      isCalled = true;
      return callFrom(index + 1);
    });
    if (!isCalled) throw wrongUse(named, 'did not call next(), so the handler did not run');
    return result;
  };
  const result = await callFrom(0);
  // A hook may have caught the handler's error, or not waited for it.
  await running;
  return result;
}

function wrongUse({ name }: NamedHook, what: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_handler', `The hook ${name} ${what}.`);
}
