import type { GeminiEventDelivery } from '../events/gemini-event.js';

/** Second argument of a handler, after the event. */
export interface GeminiHandlerContext {
  /** Aborts when the handler exceeds its `timeoutMs`, or when the process shuts down and cannot wait any longer. */
  readonly signal: AbortSignal;
  /** Number of the current attempt, starting at 1. */
  readonly attempt: number;
  /** Name of the handler. */
  readonly handler: string;
  /** Delivery that brought the event to this app. */
  readonly delivery: GeminiEventDelivery;
}

/** Context of one run. Creates its signal on first access, because most handlers never use it. */
export class HandlerRunContext implements GeminiHandlerContext {
  #controller: AbortController | undefined;
  #reason: unknown;
  #outer: AbortSignal | undefined;
  #forward: (() => void) | undefined;

  /** @param outer aborts the context's signal too, until `release` */
  constructor(
    readonly handler: string,
    readonly attempt: number,
    readonly delivery: GeminiEventDelivery,
    outer?: AbortSignal,
  ) {
    this.#outer = outer;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.#follow(this.#outer);
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }

  /** Ends the run. From now on `outer` no longer aborts the context's signal. */
  release(): void {
    if (this.#forward) this.#outer?.removeEventListener('abort', this.#forward);
    this.#outer = undefined;
  }

  #follow(outer: AbortSignal | undefined): void {
    if (!outer) return;
    this.#forward = () => this.abort(outer.reason as Error);
    if (outer.aborted) this.#forward();
    else outer.addEventListener('abort', this.#forward, { once: true });
  }
}
