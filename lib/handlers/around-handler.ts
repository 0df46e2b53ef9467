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
   * The attempt fails if `next` is not called, and if the handler or a hook fails, even if another hook catches the error. A
   * hook that fails after the handler has succeeded, such as a commit, has the handler run again: catch errors that are not
   * worth that.
   */
  around(run: GeminiHandlerRun, next: () => Promise<unknown>): unknown;
}

/** A hook and its name, for error messages. */
export interface NamedHook {
  readonly name: string;
  readonly hook: AroundGeminiHandler;
}

/**
 * Runs a handler within the hooks, the first of them outermost. Ends when everything that was started has ended, and succeeds
 * only if the handler and all hooks did: a hook cannot hide what happened further in.
 *
 * @throws GeminiWebhooksError `invalid_handler` if a hook did not run the handler once; otherwise the error of a hook or the
 *   handler
 */
export function runAround(
  hooks: readonly NamedHook[],
  run: GeminiHandlerRun,
  invoke: () => Promise<unknown>,
): Promise<unknown> {
  const [named, ...others] = hooks;
  return named ? runWithin(named, run, () => runAround(others, run, invoke)) : invoke();
}

async function runWithin({ name, hook }: NamedHook, run: GeminiHandlerRun, proceed: () => Promise<unknown>) {
  let inner: Promise<unknown> | undefined;
  let misuse: GeminiWebhooksError | undefined;
  let isOver = false;
  const next = () => {
    if (inner || isOver) {
      misuse ??= wrongUse(name, inner ? 'called next() twice' : 'called next() too late');
      return handled(Promise.reject(misuse));
    }
    inner = handled(proceed());
    return inner;
  };
  try {
    const result = await hook.around(run, next);
    if (!inner) throw wrongUse(name, 'did not call next(), so the handler did not run');
    await inner;
    if (misuse) throw misuse;
    return result;
  } finally {
    isOver = true;
    // The handler must not be started again while it still runs.
    await (inner as Promise<unknown> | undefined)?.catch(() => undefined);
  }
}

/** A hook that does not wait for `next` must not end the process by an unhandled rejection. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function wrongUse(name: string, what: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_handler', `The hook ${name} ${what}.`);
}
