import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { isInstance, isUnrecoverable, messageOf, TimeoutError } from '../errors.js';
import { copyEvent } from '../events/copy-event.js';
import type { GeminiEventAttempt } from '../events/event-attempt.js';
import type { GeminiEventFailure } from '../events/event-failure.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { isDoctorProbe } from '../shared/doctor-probe.js';
import { formatDuration } from '../shared/format-duration.js';
import { settlesWithin } from '../shared/timeouts.js';
import { attemptStartAttributes } from '../telemetry/attributes.js';
import { inSpan, Telemetry } from '../telemetry/telemetry.js';
import { runAround, type NamedHook } from './around-handler.js';
import type { DispatchOutcome, DispatchRun } from './dispatch.js';
import type { EventHandler } from './event-handler.js';
import { HandlerRunContext } from './handler-context.js';
import { HandlerRegistry } from './handler-registry.js';
import { OverdueRuns } from './overdue-runs.js';
import { UnhandledEvents } from './unhandled-events.js';

/** Runs the handlers of an event concurrently. A failure of one does not affect the others. */
@Injectable()
export class EventDispatcher {
  readonly #registry: HandlerRegistry;
  readonly #failures = new Subject<GeminiEventFailure>();
  readonly #attempts = new Subject<GeminiEventAttempt>();
  /** Hooks by module instance. */
  readonly #hooks = new Map<string, readonly NamedHook[]>();
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #unhandled = new UnhandledEvents(this.#logger);
  #isBusObserved = () => false;
  readonly #overdue = new OverdueRuns();

  readonly #telemetry: Telemetry | undefined;

  constructor(registry: HandlerRegistry, @Optional() @Inject(Telemetry) telemetry?: Telemetry) {
    this.#registry = registry;
    this.#telemetry = telemetry;
  }

  /** Every handler of the app. */
  get handlers(): readonly EventHandler[] {
    return this.#registry.handlers;
  }

  /** Emits every failed attempt of a handler. */
  get failures$(): Observable<GeminiEventFailure> {
    return this.#failures;
  }

  /** Emits every attempt of a handler that has ended. */
  get attempts$(): Observable<GeminiEventAttempt> {
    return this.#attempts;
  }

  /** Runs the attempts for events of a module instance within these hooks, the first of them outermost. */
  runAround(registration: string, hooks: readonly NamedHook[]): void {
    this.#hooks.set(registration, hooks);
  }

  /** Called if an inbox of this process runs handlers. Enables the warnings about missing handlers. */
  expectHandlers(inbox: { readonly isDurable: boolean }): void {
    this.#registry.expect(inbox);
  }

  /** @param isBusObserved returns true if the bus has subscribers; an event without handlers is then no reason to warn */
  observeBus(isBusObserved: () => boolean): void {
    this.#isBusObserved = isBusObserved;
  }

  /** Runs each handler that has not completed yet. Never rejects: errors are logged, emitted and returned by handler name. */
  async dispatch(delivery: VerifiedDelivery, run: DispatchRun): Promise<DispatchOutcome> {
    // Not a real event, so no handler may receive it.
    if (isDoctorProbe(delivery)) return NOTHING_DONE;
    const handlers = this.#registry.matching(delivery.event.type);
    if (!run.isWantedElsewhere && handlers.every(({ isInternal }) => isInternal) && !this.#isBusObserved())
      this.#unhandled.warn(delivery.event);
    const [only] = handlers;
    // Most events have one handler: `Promise.all` would cost 0.6 µs per event, about 7 % of accepting it inline.
    const results =
      only && handlers.length === 1
        ? [await this.#attempt(only, delivery, run)]
        : await Promise.all(handlers.map((handler) => this.#attempt(handler, delivery, run)));
    const overdue = this.#overdue.of(handlers, delivery);
    return {
      retryable: namesOf(handlers, results, 'retryable'),
      final: namesOf(handlers, results, 'final'),
      ...(overdue.length > 0 && { overdue: Promise.all(overdue) }),
    };
  }

  async #attempt(handler: EventHandler, delivery: VerifiedDelivery, run: DispatchRun): Promise<AttemptResult> {
    let startedAt: number | undefined;
    try {
      const hasSucceeded = this.#overdue.size > 0 && (await this.#overdue.haveSucceeded(handler, delivery, run));
      if (!run.checkpoints.has(handler.name)) {
        // The app may have shut down while this attempt waited for an earlier one.
        if (!hasSucceeded) run.signal?.throwIfAborted();
        if (this.#attempts.observed && !hasSucceeded) startedAt = performance.now();
        if (!hasSucceeded) await this.#runTraced(handler, delivery, run);
        await run.checkpoints.settle(handler.name, 'succeeded');
        this.#emitAttempt(handler, delivery, run, { startedAt, outcome: 'succeeded' });
      }
      return 'succeeded';
    } catch (error) {
      const isFinal = isUnrecoverable(error);
      // What the shutdown has interrupted runs again, even on the last attempt.
      const final = isFinal || (run.isLast === true && run.signal?.aborted !== true);
      this.#emitAttempt(handler, delivery, run, { startedAt, outcome: final ? 'final' : 'failed', error });
      this.#report(delivery, { handler: handler.name, error, attempt: run.attempt, final }, run);
      return isFinal ? this.#settleFailed(handler, run) : 'retryable';
    }
  }

  /** The span includes the hooks and the timeout. */
  #runTraced(handler: EventHandler, delivery: VerifiedDelivery, run: DispatchRun): Promise<void> {
    const { name } = handler;
    if (handler.isInternal || !this.#telemetry?.isTracing) return this.#run(handler, delivery, run);
    const attributes = attemptStartAttributes(delivery, name, run.attempt);
    const span = this.#telemetry.start(`handle ${name}`, { attributes });
    if (!span) return this.#run(handler, delivery, run);
    const work = () => this.#run(handler, delivery, run);
    return span.isRecording ? inSpan(span, work) : span.run(work);
  }

  async #run(handler: EventHandler, delivery: VerifiedDelivery, run: DispatchRun): Promise<void> {
    const { attempt, generation, signal: outer } = run;
    const event = handler.isInternal ? delivery.event : copyEvent(delivery.event);
    const context = new HandlerRunContext(handler.name, attempt, event.delivery, { outer, generation });
    let end = run.begin?.(handler.name);
    try {
      const work = this.#invoke(handler, event, context);
      if (handler.timeoutMs !== undefined && !(await settlesWithin(work, handler.timeoutMs))) {
        const error = new TimeoutError(`${handler.name} took longer than its timeoutMs (${handler.timeoutMs} ms).`);
        context.abort(error);
        void this.#trackOverdue(work, handler, delivery, run).then(end);
        end = undefined;
        throw error;
      }
      await work;
    } finally {
      end?.();
      context.release();
    }
  }

  #invoke(handler: EventHandler, event: GeminiEvent, context: HandlerRunContext): Promise<unknown> {
    const hooks = handler.isInternal ? undefined : this.#hooks.get(event.delivery.registration);
    return hooks
      ? runAround(hooks, { event, context }, () => handler.invoke(event, context))
      : handler.invoke(event, context);
  }

  #emitAttempt(
    { name: handler, isInternal }: EventHandler,
    { event }: VerifiedDelivery,
    { attempt }: DispatchRun,
    { startedAt, ...ended }: Pick<GeminiEventAttempt, 'outcome' | 'error'> & { readonly startedAt: number | undefined },
  ): void {
    if (startedAt === undefined || isInternal) return;
    this.#attempts.next({
      event: copyEvent(event),
      handler,
      attempt,
      durationMs: performance.now() - startedAt,
      ...ended,
    });
  }

  /** Tracks a run that exceeded its timeout. It still counts if it succeeds, and the handler is not restarted before it ends. */
  #trackOverdue(
    work: Promise<unknown>,
    handler: EventHandler,
    delivery: VerifiedDelivery,
    run: DispatchRun,
  ): Promise<boolean> {
    const ended = work
      .then(() => run.checkpoints.settle(handler.name, 'succeeded'))
      .then(() => true)
      .catch(async (error: unknown) => {
        if (isUnrecoverable(error)) {
          this.#report(delivery, { handler: handler.name, error, attempt: run.attempt, final: true }, run);
          await this.#settleFailed(handler, run);
        } else {
          this.#logger.warn(
            `${handler.name} failed after its timeout, for ${describe(delivery.event)}: ${messageOf(error)}`,
          );
        }
        return false;
      });
    this.#overdue.add(handler, delivery, run, ended);
    return ended;
  }

  async #settleFailed(handler: EventHandler, run: DispatchRun): Promise<AttemptResult> {
    try {
      await run.checkpoints.settle(handler.name, 'failed');
      return 'final';
    } catch (error) {
      this.#logger.error(`The final failure of ${handler.name} could not be saved: ${messageOf(error)}`);
      return 'retryable';
    }
  }

  #report({ event }: VerifiedDelivery, failure: Omit<GeminiEventFailure, 'event'>, run: DispatchRun): void {
    const { handler, error, attempt, final } = failure;
    const outlook = final ? `it will not be retried${keptAs(run)}` : `it will be retried${inTime(run)}`;
    this.#logger.error(
      `${handler} failed for ${describe(event)}, attempt ${attempt}: ${messageOf(error)} (${outlook})`,
      stackOf(error),
    );
    this.#failures.next({ event: copyEvent(event), ...failure });
  }
}

type AttemptResult = 'succeeded' | 'retryable' | 'final';

const NONE: readonly string[] = [];
const NOTHING_DONE: DispatchOutcome = { retryable: NONE, final: NONE };

function namesOf(
  handlers: readonly EventHandler[],
  results: readonly AttemptResult[],
  result: AttemptResult,
): readonly string[] {
  if (!results.includes(result)) return NONE;
  return handlers.filter((_handler, index) => results[index] === result).map(({ name }) => name);
}

function keptAs({ failedEventId }: DispatchRun): string {
  return failedEventId === undefined ? '' : `; failed event ${failedEventId}`;
}

function inTime({ retryInMs, signal }: DispatchRun): string {
  if (signal?.aborted) return ': the app is shutting down';
  return retryInMs === undefined ? '' : ` in about ${formatDuration(Math.max(Math.round(retryInMs / 1_000), 1))}`;
}

function describe({ type, delivery }: GeminiEvent): string {
  return `${type} ${delivery.id}`;
}

function stackOf(error: unknown): string | undefined {
  try {
    return isInstance(error, Error) && typeof error.stack === 'string' ? error.stack : undefined;
  } catch {
    return undefined;
  }
}
