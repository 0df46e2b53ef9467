import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { filter, Subject, type Observable } from 'rxjs';
import { GeminiWebhooksError, TimeoutError } from '../errors.js';
import type { GeminiEventFailure } from '../events/event-failure.js';
import { matchesPattern } from '../events/event-pattern.js';
import type { GeminiEvent, GeminiEventOf, GeminiEventPattern } from '../events/gemini-event.js';

/** Options of `GeminiEventBus.waitFor`. */
export interface WaitForOptions<Event> {
  /** Which of the events to wait for. */
  readonly where?: (event: Event) => boolean;
  /**
   * Rejects with a `TimeoutError` after this many milliseconds.
   * @default no limit
   */
  readonly timeoutMs?: number;
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * What passes by, for whoever listens: each accepted event once in each live process. For a live page or a test, not
 * for work that must be done: that is a handler's, which is tried again.
 */
@Injectable()
export class GeminiEventBus implements OnApplicationShutdown {
  readonly #events = new Subject<GeminiEvent>();
  readonly #failures = new Subject<GeminiEventFailure>();

  /** Every accepted event. Completes when the app shuts down. */
  readonly events$: Observable<GeminiEvent> = this.#events.asObservable();

  /** Every failed attempt of a handler: where an error reporter listens. Completes when the app shuts down. */
  readonly failures$: Observable<GeminiEventFailure> = this.#failures.asObservable();

  /**
   * The events of a pattern.
   *
   * @example
   * bus.on('video.generated').subscribe((event) => show(outputUri(event)));
   */
  on<const Pattern extends GeminiEventPattern>(
    pattern: Pattern | readonly Pattern[],
  ): Observable<GeminiEventOf<Pattern>> {
    return this.#events.pipe(
      filter((event): event is GeminiEvent & GeminiEventOf<Pattern> => matchesPattern(event.type, pattern)),
    );
  }

  /**
   * The next event of a pattern. Hears only what comes after the call.
   *
   * @throws TimeoutError after `timeoutMs`; the signal's reason when it aborts; `GeminiWebhooksError` `closed` when the
   *   app shuts down
   */
  waitFor<const Pattern extends GeminiEventPattern>(
    pattern: Pattern | readonly Pattern[],
    { where = () => true, timeoutMs, signal }: WaitForOptions<GeminiEventOf<Pattern>> = {},
  ): Promise<GeminiEventOf<Pattern>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      let timer: NodeJS.Timeout | undefined;
      const onAbort = () => settle(() => reject(signal?.reason as Error));
      const settle = (how: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        subscription.unsubscribe();
        how();
      };
      const subscription = this.on(pattern).subscribe({
        next: (event) => {
          try {
            if (where(event)) settle(() => resolve(event));
          } catch (error) {
            settle(() => reject(error as Error));
          }
        },
        complete: () =>
          queueMicrotask(() =>
            settle(() => reject(new GeminiWebhooksError('closed', 'The app shut down before the event came.'))),
          ),
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timeoutMs !== undefined) {
        const patterns = Array.isArray(pattern) ? pattern.join(', ') : String(pattern);
        timer = setTimeout(
          () => settle(() => reject(new TimeoutError(`No ${patterns} came within ${timeoutMs} ms.`))),
          timeoutMs,
        );
      }
    });
  }

  /** Called by the module once an inbox has taken an event. */
  emit(event: GeminiEvent): void {
    this.#events.next(event);
  }

  /** Called by the module for each failed attempt. */
  fail(failure: GeminiEventFailure): void {
    this.#failures.next(failure);
  }

  onApplicationShutdown(): void {
    this.#events.complete();
    this.#failures.complete();
  }
}
