import type { GeminiEventDelivery } from '../events/gemini-event.js';

/** What a handler gets beside the event. */
export interface GeminiHandlerContext {
  /** Aborts when the handler's `timeoutMs` has passed, or the process cannot wait for it any longer. */
  readonly signal: AbortSignal;
  /** Which attempt at the event this is; 1 for the first. */
  readonly attempt: number;
  /** The handler's name. */
  readonly handler: string;
  /** How the event reached this app. */
  readonly delivery: GeminiEventDelivery;
}

/** The context of one run. Makes its signal when it is first asked for: most handlers never do. */
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

  /** The run is over: what aborts `outer` from now on is nothing to it. */
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
