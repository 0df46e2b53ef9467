import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Job } from 'bullmq';
import * as fc from 'fast-check';
import { CompletedHandlersCache } from '../../../../lib/bullmq/deliveries/completed-handlers.js';
import { progressOf, type DeliveryProgress } from '../../../../lib/bullmq/deliveries/delivery-checkpoints.js';
import { deliveryProcessor } from '../../../../lib/bullmq/deliveries/delivery-processor.js';
import { toDeliveryJobData, type DeliveryJobData } from '../../../../lib/bullmq/store/delivery-job.js';
import { UnrecoverableEventError } from '../../../../lib/errors.js';
import { EventDispatcher } from '../../../../lib/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../../../lib/handlers/handler-registry.js';
import { deferred } from '../../../support/deferred.js';
import { deliveryOf } from '../../../support/deliveries.js';
import { SEED } from '../../../support/seed.js';

jest.setTimeout(120_000);

const HANDLERS = ['a', 'b', 'c'] as const;
type Handler = (typeof HANDLERS)[number];
type Outcome = 'succeeds' | 'fails' | 'fails for good';
type Fault = 'none' | 'refused' | 'killed before it' | 'killed after it';

/** One attempt at the event by some worker. */
interface Attempt {
  /** Handlers that the worker has: during a rolling deploy it lacks some. */
  readonly has: readonly Handler[];
  readonly outcomes: Readonly<Record<Handler, Outcome>>;
  /** What happens to the store's writes, in order. Later ones succeed. */
  readonly writes: readonly Fault[];
  readonly publishes: boolean;
  /** True if the worker runs in another process than the one before. */
  readonly isElsewhere: boolean;
}

/** A process: what it remembers, and whether it lives. */
class Process {
  readonly completedHandlers = new CompletedHandlersCache();
  readonly completed = new Set<string>();
  isAlive = true;
}

const never = new Promise<never>(() => undefined);

/** The event's job in the store, its workers, and what must not happen to it. */
class World {
  readonly faults: string[] = [];
  readonly successes = new Map<string, number>();
  readonly failed = new Set<string>();
  /** How often a process ended, or was left, before it had stored what it knew. */
  lostMemories = 0;
  isOver = false;
  #process = new Process();
  #stored: DeliveryProgress = {};
  #attemptsMade = 0;
  readonly #data = toDeliveryJobData(deliveryOf());

  constructor(readonly scheduler: fc.Scheduler) {}

  async attempt({ has, outcomes, writes, publishes, isElsewhere }: Attempt): Promise<void> {
    if (!this.#process.isAlive || isElsewhere) this.#leave();
    const process = this.#process;
    const killed = deferred();
    const rest = [...writes];
    const job = {
      id: 'e1',
      data: this.#data,
      progress: this.#stored,
      attemptsMade: this.#attemptsMade,
      opts: { attempts: 1_000 },
      updateProgress: async (progress: DeliveryProgress) => {
        const copy = JSON.parse(JSON.stringify(progress)) as DeliveryProgress;
        await this.scheduler.schedule(Promise.resolve(), 'write');
        if (!process.isAlive) return never;
        const fault = rest.shift() ?? 'none';
        if (fault === 'refused') throw new Error('the store is down');
        if (fault !== 'killed before it') this.#store(copy);
        if (fault === 'none') return undefined;
        process.isAlive = false;
        killed.resolve();
        return never;
      },
      log: async () => undefined,
      moveToDelayed: async () => undefined,
      moveToWait: async () => undefined,
      moveToCompleted: async () => {
        await this.scheduler.schedule(Promise.resolve(), 'completion');
        if (!process.isAlive) return never;
        const fault = rest.shift() ?? 'none';
        if (fault === 'refused') throw new Error('the store is down');
        if (fault === 'killed before it') {
          process.isAlive = false;
          killed.resolve();
          return never;
        }
        return undefined;
      },
    };
    const processor = await this.#processor(process, has, outcomes, publishes);
    const run = processor(job as unknown as Job<DeliveryJobData, void, string>, 'token').then(
      // BullMQ completes the job with the method that the processor may have replaced; if that fails, the job is stalled.
      () =>
        job.moveToCompleted().then(
          () => 'completed',
          () => 'stalled',
        ),
      (error: Error) => error.name,
    );
    const end = await this.scheduler.waitFor(Promise.race([run, killed.promise.then(() => 'killed')]));
    if (end === 'Error') this.#attemptsMade += 1;
    if (end === 'UnrecoverableError' && this.failed.size === 0) this.faults.push('was given up without a reason');
    if (end === 'completed') {
      for (const name of HANDLERS) if (!this.successes.has(name)) this.faults.push(`completed without ${name}`);
      if (this.failed.size > 0) this.faults.push('completed in spite of a failure');
    }
    this.isOver = end === 'completed' || end === 'UnrecoverableError';
  }

  #processor(
    process: Process,
    has: readonly Handler[],
    outcomes: Readonly<Record<Handler, Outcome>>,
    publishes: boolean,
  ) {
    const registry = new HandlerRegistry();
    registry.add(
      has.map((name) => ({
        name,
        patterns: ['*'] as const,
        timeoutMs: undefined,
        invoke: () => this.#handle(process, name, outcomes[name]),
      })),
    );
    const dispatcher = new EventDispatcher(registry);
    const publish = async () => {
      await this.scheduler.schedule(Promise.resolve(), 'publish');
      if (!publishes) throw new Error('no connection');
    };
    return deliveryProcessor(
      {
        registration: 'default',
        toleranceSeconds: 300,
        handlers: () => dispatcher.handlers,
        dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
        announce: () => undefined,
      },
      { publish, handlersFor: async () => ({ run: HANDLERS, idle: [] }) },
      {
        leaving: new AbortController().signal,
        lockDurationMs: 30_000,
        shutdown: new AbortController().signal,
        storeWaitSignal: new AbortController().signal,
        handOffPolicy: { requeuesBeforeDelay: 0, requeueDelayMs: 0 },
        completedHandlers: process.completedHandlers,
        storeRetryMs: 0,
        handlerWaitMs: 600_000,
        onStoreFailure: () => undefined,
        onMissingHandlers: () => undefined,
        onGivenUp: () => undefined,
      },
    );
  }

  async #handle(process: Process, name: Handler, outcome: Outcome): Promise<void> {
    if (!process.isAlive) return never;
    if (process.completed.has(name)) this.faults.push(`${name} ran again in the process that had completed it`);
    if (this.#stored.handlers?.[name] !== undefined) this.faults.push(`${name} ran again after its checkpoint`);
    await this.scheduler.schedule(Promise.resolve(), `handler ${name}`);
    if (!process.isAlive) return never;
    if (outcome === 'fails') throw new Error('not this time');
    process.completed.add(name);
    if (outcome === 'fails for good') {
      this.failed.add(name);
      throw new UnrecoverableEventError();
    }
    // A process that was killed may have taken the failure with it.
    this.failed.delete(name);
    this.successes.set(name, (this.successes.get(name) ?? 0) + 1);
  }

  #store(progress: DeliveryProgress): void {
    for (const name of Object.keys(this.#stored.handlers ?? {}))
      if (progress.handlers?.[name] === undefined) this.faults.push(`the checkpoint of ${name} was lost`);
    this.#stored = progress;
  }

  /** Another process goes on with what is stored. */
  #leave(): void {
    const known = progressOf({ progress: this.#stored }).handlers ?? {};
    if ([...this.#process.completed].some((name) => known[name] === undefined)) this.lostMemories += 1;
    this.#process.isAlive = false;
    this.#process = new Process();
  }
}

const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Outcome>('succeeds') },
  { weight: 3, arbitrary: fc.constant<Outcome>('fails') },
  { weight: 1, arbitrary: fc.constant<Outcome>('fails for good') },
);
const fault = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fault>('none') },
  { weight: 2, arbitrary: fc.constantFrom<Fault[]>('refused', 'killed before it', 'killed after it') },
);
const OUTAGE: readonly Fault[] = Array.from({ length: 20 }, () => 'refused');
const attempt: fc.Arbitrary<Attempt> = fc.record({
  has: fc.constantFrom<(readonly Handler[])[]>(HANDLERS, ['a', 'b'], ['b', 'c'], []),
  outcomes: fc.record({ a: outcome, b: outcome, c: outcome }),
  writes: fc.oneof(fc.array(fault, { maxLength: 5 }), fc.constant(OUTAGE)),
  publishes: fc.boolean(),
  isElsewhere: fc.boolean(),
});
const undisturbed: Attempt = {
  has: HANDLERS,
  outcomes: { a: 'succeeds', b: 'succeeds', c: 'succeeds' },
  writes: [],
  publishes: true,
  isElsewhere: false,
};

describe('for all attempts, faults of the store and kills', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('an event completes with every handler, and none runs again unless its process ended before the checkpoint', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(attempt, { maxLength: 8 }), async (scheduler, attempts) => {
        const world = new World(scheduler);
        for (const one of attempts) if (!world.isOver) await world.attempt(one);
        for (let more = 0; more < 3 && !world.isOver; more += 1) await world.attempt(undisturbed);

        expect(world.isOver).toBe(true);
        expect(world.faults).toEqual([]);
        for (const runs of world.successes.values()) expect(runs).toBeLessThanOrEqual(1 + world.lostMemories);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});
