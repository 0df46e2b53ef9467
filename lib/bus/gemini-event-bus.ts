import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { filter, ReplaySubject, Subject, switchMap, takeUntil, type Observable } from 'rxjs';
import { checkNames } from '../shared/check-object.js';
import { checkTimeout } from '../shared/check-timeout.js';
import { isDoctorProbe } from '../shared/doctor-probe.js';
import { GeminiWebhooksError, TimeoutError } from '../errors.js';
import { checkPatterns } from '../events/check-patterns.js';
import { copyEvent } from '../events/copy-event.js';
import type { GeminiDeliveryReport } from '../events/delivery-report.js';
import type { GeminiEventAttempt } from '../events/event-attempt.js';
import type { GeminiEventFailure } from '../events/event-failure.js';
import { matchesPattern } from '../events/event-pattern.js';
import type { GeminiEvent, GeminiEventOf, GeminiEventPattern } from '../events/gemini-event.js';

/** Options of `GeminiEventBus.waitFor`. */
export interface WaitForOptions<Event> {
  /** Accepts the first event for which this returns true. */
  readonly where?: (event: Event) => boolean;
  /**
   * Rejects with a `TimeoutError` after this many milliseconds: a whole number up to 2147483647 (24.8 days).
   * @default no limit
   */
  readonly timeoutMs?: number;
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal;
}

const WAIT_OPTIONS: Readonly<Record<keyof WaitForOptions<never>, true>> = {
  where: true,
  timeoutMs: true,
  signal: true,
};

/** What the bus passes on, as its sources emit it. */
interface ReportSources {
  readonly attempts$: Observable<GeminiEventAttempt>;
  readonly deliveries$: Observable<GeminiDeliveryReport>;
}

/**
 * Observes events as they pass: emits each accepted event once in every running process. Use it for live pages and tests.
 * Work that must be done belongs in a handler, which is retried.
 */
@Injectable()
export class GeminiEventBus implements OnApplicationShutdown {
  readonly #events = new Subject<GeminiEvent>();
  readonly #failures = new Subject<GeminiEventFailure>();

  /** Emits every accepted event. Completes when the app shuts down. */
  readonly events$: Observable<GeminiEvent> = this.#events.asObservable();

  /** Emits every failed attempt of a handler, for error reporters. Completes when the app shuts down. */
  readonly failures$: Observable<GeminiEventFailure> = this.#failures.asObservable();

  readonly #closed = new Subject<void>();
  /** Replayed, because constructors subscribe before the module has connected, and other code after it. */
  readonly #sources = new ReplaySubject<ReportSources>(1);

  /**
   * Emits every attempt of a handler in this process that has ended, for metrics and logs. Completes when the app shuts down.
   */
  readonly attempts$: Observable<GeminiEventAttempt> = this.#sources.pipe(
    switchMap((sources) => sources.attempts$),
    takeUntil(this.#closed),
  );

  /**
   * Emits how each delivery to this process was answered, also those that were refused: their code is for your logs and
   * metrics, not for the sender. Completes when the app shuts down.
   */
  readonly deliveries$: Observable<GeminiDeliveryReport> = this.#sources.pipe(
    switchMap((sources) => sources.deliveries$),
    takeUntil(this.#closed),
  );

  /** True if `events$` has a subscriber in this process. */
  get isObserved(): boolean {
    return this.#events.observed;
  }

  /**
   * Emits the events that match a pattern.
   *
   * @example
   * bus.on('video.generated').subscribe((event) => show(outputUri(event)));
   * @throws GeminiWebhooksError `invalid_argument` for a pattern that matches no event
   */
  on<const Pattern extends GeminiEventPattern>(
    pattern: Pattern | readonly Pattern[],
  ): Observable<GeminiEventOf<Pattern>> {
    checkPatterns('GeminiEventBus', Array.isArray(pattern) ? pattern : [pattern], 'invalid_argument');
    return this.#events.pipe(
      filter((event): event is GeminiEvent & GeminiEventOf<Pattern> => matchesPattern(event.type, pattern)),
    );
  }

  /**
   * Resolves with the next event that matches a pattern and arrives after the call.
   *
   * @throws TimeoutError after `timeoutMs`; the signal's reason if it aborts; `GeminiWebhooksError` `closed` if the app
   *   shuts down first, `invalid_argument` for a pattern that matches no event or a wrong `timeoutMs`
   */
  waitFor<const Pattern extends GeminiEventPattern>(
    pattern: Pattern | readonly Pattern[],
    options: WaitForOptions<GeminiEventOf<Pattern>> = {},
  ): Promise<GeminiEventOf<Pattern>> {
    return new Promise((resolve, reject) => {
      checkNames('GeminiEventBus.waitFor', options, WAIT_OPTIONS, { code: 'invalid_argument' });
      const { where = () => true, timeoutMs, signal } = options;
      if (timeoutMs !== undefined && timeoutMs !== 0) checkTimeout('GeminiEventBus.waitFor', timeoutMs);
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
            settle(() => reject(new GeminiWebhooksError('closed', 'The app shut down before the event arrived.'))),
          ),
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timeoutMs !== undefined) {
        const patterns = Array.isArray(pattern) ? pattern.join(', ') : String(pattern);
        timer = setTimeout(
          () => settle(() => reject(new TimeoutError(`No ${patterns} arrived within ${timeoutMs} ms.`))),
          timeoutMs,
        );
      }
    });
  }

  /** Called by the module after an inbox has accepted an event. */
  emit(event: GeminiEvent): void {
    // A copy: what subscribers change must not reach the handlers.
    if (this.#events.observed && !isDoctorProbe(event.delivery)) this.#events.next(copyEvent(event));
  }

  /** Called by the module at start. */
  connect(sources: ReportSources): void {
    this.#sources.next(sources);
  }

  /** Called by the module for each failed attempt. */
  fail(failure: GeminiEventFailure): void {
    this.#failures.next(failure);
  }

  onApplicationShutdown(): void {
    this.#events.complete();
    this.#failures.complete();
    this.#closed.next();
  }
}
