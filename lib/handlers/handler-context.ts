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

  constructor(
    readonly handler: string,
    readonly attempt: number,
    readonly delivery: GeminiEventDelivery,
  ) {}

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}
