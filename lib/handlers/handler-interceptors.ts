import { Logger, type ContextType, type NestInterceptor } from '@nestjs/common';
import { InterceptorsConsumer } from '@nestjs/core/interceptors/index.js';
import { defer, isObservable } from 'rxjs';
import { lastValue } from './handler-call.js';

type Method = (...args: unknown[]) => unknown;

/**
 * Ends an attempt with the outcome of its interceptors, but only after the handler's own runs have ended. Warns if an
 * interceptor returns without calling the handler. The event still counts as handled.
 */
export class HandlerInterceptors extends InterceptorsConsumer {
  readonly #where: string;
  readonly #visible: Method;
  #hasWarned = false;

  /**
   * @param where the handler's class and method, for the warning
   * @param visible the method that interceptors see
   */
  constructor(where: string, visible: Method) {
    super();
    this.#where = where;
    this.#visible = visible;
  }

  override async intercept<TContext extends string = ContextType>(
    interceptors: NestInterceptor[],
    args: unknown[],
    instance: Parameters<InterceptorsConsumer['intercept']>[2],
    _callback: Method,
    next: () => Promise<unknown>,
    type?: TContext,
  ): Promise<unknown> {
    const runs: Promise<unknown>[] = [];
    const callHandler = () => {
      const run = next();
      runs.push(run);
      return run;
    };
    const result: unknown = await super.intercept(interceptors, args, instance, this.#visible, callHandler, type);
    if (!isObservable(result)) return result;
    // Not the value itself, which may be another stream that the interceptor meant to return.
    return defer(async () => {
      try {
        const value = await lastValue(result);
        if (runs.length === 0) this.#warn();
        return value;
      } finally {
        // An interceptor such as a timeout ends before the handler, which must not be started again while it still runs.
        await Promise.allSettled(runs);
      }
    });
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    new Logger('GeminiWebhooks').warn(
      `${this.#where} did not run: an interceptor returned without calling it. The event counts as handled. This warning is not repeated.`,
    );
  }
}
