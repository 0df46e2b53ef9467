import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GeminiWebhooksError, UnrecoverableEventError } from '../../../lib/errors.js';
import { EventDispatcher } from '../../../lib/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../../lib/handlers/handler-registry.js';
import type { InboxEngine } from '../../../lib/inbox/inbox-engine.js';
import { inlineInbox } from '../../../lib/inbox/inline-inbox.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { deliveryOf } from '../../support/deliveries.js';
import { SEED } from '../../support/seed.js';

jest.setTimeout(120_000);

const HANDLERS = ['one', 'two'] as const;
type Outcome = 'succeeds' | 'fails' | 'fails for good';

/** What the inbox must remember of one event. */
interface KnownEvent {
  readonly completed: Set<string>;
  done: boolean;
}

/** One attempt at an event, and the deliveries that wait for it. */
interface ModelAttempt extends KnownEvent {
  /** Handlers that run. */
  readonly running: Set<string>;
  readonly waiting: number[];
  isFailed: boolean;
}

/** The inbox as documented: who runs, who waits, and what each delivery was answered. */
class Model {
  readonly attempts = new Map<string, ModelAttempt>();
  /** Remembered events, in the order in which their last attempts ended. */
  readonly idle = new Map<string, KnownEvent>();
  readonly answers: string[] = [];
  constructor(readonly maxEntries: number) {}

  deliver(id: string): void {
    const delivery = this.answers.push('waits') - 1;
    const attempt = this.attempts.get(id);
    if (attempt) {
      attempt.waiting.push(delivery);
      return;
    }
    const known = this.idle.get(id);
    if (known?.done) {
      this.answers[delivery] = 'duplicate';
      return;
    }
    if (this.attempts.size >= this.maxEntries) {
      this.answers[delivery] = 'inbox_unavailable';
      return;
    }
    this.idle.delete(id);
    if (this.attempts.size + this.idle.size >= this.maxEntries) this.idle.delete(this.idle.keys().next().value ?? '');
    const { completed, done } = known ?? { completed: new Set<string>(), done: false };
    const running = new Set(HANDLERS.filter((handler) => !completed.has(handler)));
    this.attempts.set(id, { completed, done, running, waiting: [delivery], isFailed: false });
  }

  end(id: string, handler: string, outcome: Outcome): void {
    const attempt = this.attempts.get(id)!;
    attempt.running.delete(handler);
    if (outcome === 'fails') attempt.isFailed = true;
    else attempt.completed.add(handler);
    if (attempt.running.size > 0) return;
    const [first, ...copies] = attempt.waiting as [number, ...number[]];
    this.answers[first] = attempt.isFailed ? 'handler_failed' : 'processed';
    for (const copy of copies) this.answers[copy] = attempt.isFailed ? 'handler_failed' : 'duplicate';
    this.attempts.delete(id);
    this.#remember(id, { completed: attempt.completed, done: !attempt.isFailed });
  }

  #remember(id: string, known: KnownEvent): void {
    this.idle.delete(id);
    this.idle.set(id, known);
  }

  /** Runs in progress, as `event handler`. */
  get running(): string[] {
    return [...this.attempts].flatMap(([id, { running }]) => [...running].map((handler) => `${id} ${handler}`));
  }
}

/** The real inbox with handlers that the test ends. */
class Real {
  readonly answers: string[] = [];
  readonly gates = new Map<string, Deferred>();
  readonly #engine: InboxEngine;

  constructor(maxEntries: number) {
    const registry = new HandlerRegistry();
    registry.add(
      HANDLERS.map((name) => ({
        name,
        patterns: ['*'] as const,
        timeoutMs: undefined,
        invoke: async ({ data }) => {
          const run = `${(data as { id: string }).id} ${name}`;
          const gate = deferred();
          this.gates.set(run, gate);
          await gate.promise.finally(() => this.gates.delete(run));
        },
      })),
    );
    const dispatcher = new EventDispatcher(registry);
    this.#engine = inlineInbox({ maxEntries, ackTimeoutMs: 600_000 })({
      registration: 'default',
      toleranceSeconds: 300,
      handlers: () => dispatcher.handlers,
      dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
      announce: () => undefined,
    });
  }

  deliver(id: string): void {
    const delivery = this.answers.push('waits') - 1;
    this.#engine.accept(deliveryOf({ id })).then(
      ({ status }) => (this.answers[delivery] = status),
      (error: GeminiWebhooksError) => (this.answers[delivery] = error.code),
    );
  }

  end(run: string, outcome: Outcome): void {
    const gate = this.gates.get(run)!;
    if (outcome === 'succeeds') gate.resolve();
    else gate.reject(outcome === 'fails' ? new Error('no') : new UnrecoverableEventError());
  }
}

abstract class Step implements fc.AsyncCommand<Model, Real> {
  abstract check(model: Readonly<Model>): boolean;
  abstract act(model: Model, real: Real): void;
  abstract toString(): string;

  async run(model: Model, real: Real): Promise<void> {
    this.act(model, real);
    await nextTurn();
    expect([...real.gates.keys()].toSorted()).toEqual(model.running.toSorted());
    expect(real.answers).toEqual(model.answers);
  }
}

class Deliver extends Step {
  constructor(readonly id: string) {
    super();
  }
  check = () => true;
  act(model: Model, real: Real): void {
    model.deliver(this.id);
    real.deliver(this.id);
  }
  toString = () => `deliver ${this.id}`;
}

/** Ends one of the running handlers. */
class End extends Step {
  constructor(
    readonly which: number,
    readonly outcome: Outcome,
  ) {
    super();
  }
  check = (model: Readonly<Model>) => model.running.length > 0;
  act(model: Model, real: Real): void {
    const run = model.running.toSorted()[this.which % model.running.length]!;
    const [id, handler] = run.split(' ') as [string, string];
    model.end(id, handler, this.outcome);
    real.end(run, this.outcome);
  }
  toString = () => `end run ${this.which}: ${this.outcome}`;
}

const deliver = fc.constantFrom('a', 'b', 'c', 'd').map((id) => new Deliver(id));
const end = fc
  .tuple(fc.nat(7), fc.constantFrom<Outcome[]>('succeeds', 'fails', 'fails for good'))
  .map(([which, outcome]) => new End(which, outcome));

describe('for all orders of deliveries and ends of handlers', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
    // Deliveries that still wait when a run ends must not keep the process alive.
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
  });

  afterAll(() => {
    jest.useRealTimers();
  });

  it.each([100, 3, 1])(
    'the inline inbox runs each handler as the model says, and answers so, remembering %i events',
    async (maxEntries) => {
      await fc.assert(
        fc.asyncProperty(fc.commands([deliver, end], { maxCommands: 40, size: '+1' }), async (commands) => {
          const setup = () => ({ model: new Model(maxEntries), real: new Real(maxEntries) });
          await fc.asyncModelRun(setup, commands);
        }),
        { seed: SEED, numRuns: 100 },
      );
    },
  );
});
