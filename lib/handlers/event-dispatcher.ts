import { Injectable, Logger } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { messageOf, TimeoutError, UnrecoverableEventError } from '../errors.js';
import type { GeminiEventFailure } from '../events/event-failure.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { settlesWithin, withTimeout } from '../with-timeout.js';
import type { DispatchOutcome, DispatchRun } from './dispatch.js';
import type { EventHandler } from './event-handler.js';
import { HandlerRunContext } from './handler-context.js';
import { HandlerRegistry } from './handler-registry.js';

/** Runs the handlers of an event side by side, each on its own: what one does is nothing to the others. */
@Injectable()
export class EventDispatcher {
  readonly #registry: HandlerRegistry;
  readonly #failures = new Subject<GeminiEventFailure>();
  readonly #logger = new Logger('GeminiWebhooks');
  /** Runs that outlived their timeout, by event key and handler. */
  readonly #overdue = new Map<string, Promise<void>>();

  constructor(registry: HandlerRegistry) {
    this.#registry = registry;
  }

  /** Every handler of the app. */
  get handlers(): readonly EventHandler[] {
    return this.#registry.handlers;
  }

  /** Every failed attempt of a handler. */
  get failures$(): Observable<GeminiEventFailure> {
    return this.#failures;
  }

  /** Runs each handler that has not settled yet. Never rejects: what handlers throw is logged, emitted and told by name. */
  async dispatch(delivery: VerifiedDelivery, run: DispatchRun): Promise<DispatchOutcome> {
    const handlers = this.#registry.matching(delivery.event.type);
    const [only] = handlers;
    // Most events have one handler, and `Promise.all` of one costs as much as the attempt.
    const results =
      only && handlers.length === 1
        ? [await this.#attempt(only, delivery, run)]
        : await Promise.all(handlers.map((handler) => this.#attempt(handler, delivery, run)));
    return { retryable: namesOf(handlers, results, 'retryable'), final: namesOf(handlers, results, 'final') };
  }

  async #attempt(handler: EventHandler, delivery: VerifiedDelivery, run: DispatchRun): Promise<AttemptResult> {
    try {
      if (this.#overdue.size > 0) await this.#awaitOverdue(handler, delivery);
      if (!run.checkpoints.has(handler.name)) {
        await this.#run(handler, delivery, run);
        await run.checkpoints.settle(handler.name, 'succeeded');
      }
      return 'succeeded';
    } catch (error) {
      const final = error instanceof UnrecoverableEventError;
      this.#report({ event: delivery.event, handler: handler.name, error, attempt: run.attempt, final });
      return final ? this.#settleFailed(handler, run) : 'retryable';
    }
  }

  async #run(handler: EventHandler, delivery: VerifiedDelivery, run: DispatchRun): Promise<void> {
    const context = new HandlerRunContext(handler.name, run.attempt, delivery.event.delivery, run.signal);
    try {
      const work = handler.invoke(delivery.event, context);
      if (handler.timeoutMs !== undefined && !(await settlesWithin(work, handler.timeoutMs))) {
        const error = new TimeoutError(`${handler.name} took longer than its timeoutMs (${handler.timeoutMs} ms).`);
        context.abort(error);
        this.#keepOverdue(work, handler, delivery, run);
        throw error;
      }
      await work;
    } finally {
      context.release();
    }
  }

  /** A run that outlived its timeout still counts when it ends well; until it ends, the handler is not started again. */
  #keepOverdue(work: Promise<unknown>, handler: EventHandler, delivery: VerifiedDelivery, run: DispatchRun): void {
    const id = overdueId(handler, delivery);
    const settled = work
      .then(() => run.checkpoints.settle(handler.name, 'succeeded'))
      .catch((error: unknown) => {
        if (error instanceof UnrecoverableEventError) {
          this.#report({ event: delivery.event, handler: handler.name, error, attempt: run.attempt, final: true });
          return this.#settleFailed(handler, run);
        }
        this.#logger.warn(
          `${handler.name} failed after its timeout, for ${describe(delivery.event)}: ${messageOf(error)}`,
        );
        return undefined;
      })
      .then(() => void this.#overdue.delete(id));
    this.#overdue.set(id, settled);
  }

  async #awaitOverdue(handler: EventHandler, delivery: VerifiedDelivery): Promise<void> {
    const overdue = this.#overdue.get(overdueId(handler, delivery));
    if (overdue) await withTimeout(overdue, handler.timeoutMs ?? 0, `${handler.name} is still at an earlier attempt`);
  }

  async #settleFailed(handler: EventHandler, run: DispatchRun): Promise<AttemptResult> {
    try {
      await run.checkpoints.settle(handler.name, 'failed');
      return 'final';
    } catch (error) {
      this.#logger.error(`The final failure of ${handler.name} could not be kept: ${messageOf(error)}`);
      return 'retryable';
    }
  }

  #report(failure: GeminiEventFailure): void {
    const { event, handler, error, attempt, final } = failure;
    const outlook = final ? 'it will not be tried again' : 'it will be tried again';
    this.#logger.error(
      `${handler} failed for ${describe(event)}, attempt ${attempt}: ${messageOf(error)} (${outlook})`,
      error instanceof Error ? error.stack : undefined,
    );
    this.#failures.next(failure);
  }
}

type AttemptResult = 'succeeded' | 'retryable' | 'final';

const NONE: readonly string[] = [];

function namesOf(
  handlers: readonly EventHandler[],
  results: readonly AttemptResult[],
  result: AttemptResult,
): readonly string[] {
  if (!results.includes(result)) return NONE;
  return handlers.filter((_handler, index) => results[index] === result).map(({ name }) => name);
}

function overdueId({ name }: EventHandler, { key }: VerifiedDelivery): string {
  return `${name} ${key}`;
}

function describe({ type, delivery }: GeminiEvent): string {
  return `${type} ${delivery.id}`;
}
