import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { bullmqInbox } from '../../lib/bullmq/index.js';
import { UnrecoverableEventError } from '../../lib/errors.js';
import { EventDispatcher } from '../../lib/handlers/event-dispatcher.js';
import { HandlerRegistry } from '../../lib/handlers/handler-registry.js';
import type { InboxEngine } from '../../lib/inbox/inbox-engine.js';
import { deliveryOf } from '../support/deliveries.js';
import { removeTestQueues, testQueue, type TestQueue } from '../support/durable.js';
import { drained } from '../support/queues.js';
import { SEED } from '../support/seed.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const HANDLERS = ['one', 'two'] as const;
const EVENTS = ['a', 'b', 'c'] as const;
const ATTEMPTS = 4;

/** How the runs of a handler end for one event: some failures, then success or a final failure. */
interface Script {
  readonly failures: number;
  readonly isFinal: boolean;
}

type Scripts = Readonly<Record<string, Script>>;

type Step =
  | { readonly does: 'deliver'; readonly event: (typeof EVENTS)[number]; readonly process: number }
  | { readonly does: 'restart'; readonly process: number };

/** Two processes on one queue. */
class Fleet {
  readonly runs = new Map<string, number>();
  readonly #queue: TestQueue;
  readonly #scripts: Scripts;
  #engines: InboxEngine[] = [];

  constructor(queue: TestQueue, scripts: Scripts) {
    this.#queue = queue;
    this.#scripts = scripts;
  }

  async start(): Promise<void> {
    this.#engines = await Promise.all([this.#engine(), this.#engine()]);
  }

  async act(step: Step): Promise<void> {
    const engine = this.#engines[step.process]!;
    if (step.does === 'deliver') {
      await engine.accept(deliveryOf({ id: step.event }));
      return;
    }
    await engine.close();
    this.#engines[step.process] = await this.#engine();
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }

  async #engine(): Promise<InboxEngine> {
    const registry = new HandlerRegistry();
    registry.add(
      HANDLERS.map((name) => ({
        name,
        patterns: ['*'] as const,
        timeoutMs: undefined,
        invoke: async ({ data }) => this.#run(`${(data as { id: string }).id} ${name}`),
      })),
    );
    const dispatcher = new EventDispatcher(registry);
    const { url, name } = this.#queue;
    const engine = bullmqInbox({ url, queueName: name, attempts: ATTEMPTS, backoff: { type: 'fixed', delay: 5 } })({
      registration: 'default',
      toleranceSeconds: 300,
      handlers: () => dispatcher.handlers,
      dispatch: (delivery, run) => dispatcher.dispatch(delivery, run),
      announce: () => undefined,
    });
    await engine.start?.();
    await until(() =>
      engine.failedEvents!.list().then(
        () => true,
        () => false,
      ),
    );
    return engine;
  }

  #run(what: string): void {
    const runs = (this.runs.get(what) ?? 0) + 1;
    this.runs.set(what, runs);
    const { failures, isFinal } = this.#scripts[what]!;
    if (runs <= failures) throw new Error('not yet');
    if (isFinal) throw new UnrecoverableEventError();
  }
}

const script: fc.Arbitrary<Script> = fc.record({ failures: fc.nat(ATTEMPTS), isFinal: fc.boolean() });
const scripts = fc.record(
  Object.fromEntries(EVENTS.flatMap((event) => HANDLERS.map((handler) => [`${event} ${handler}`, script]))),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('deliver' as const),
      event: fc.constantFrom(...EVENTS),
      process: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('restart' as const), process: fc.nat(1) }) },
);

/** Runs of a handler: until it succeeds, fails for good, or has used up the attempts. */
const runsOf = ({ failures }: Script) => Math.min(failures + 1, ATTEMPTS);
const succeeds = ({ failures, isFinal }: Script) => failures < ATTEMPTS && !isFinal;

describe.each(STORES)('for all deliveries, failures and restarts on $name', ({ url }) => {
  afterEach(removeTestQueues);

  it('each handler runs until it has completed, and an event fails only if a handler did', async () => {
    Logger.overrideLogger(false);
    await fc.assert(
      fc.asyncProperty(scripts, fc.array(step, { minLength: 1, maxLength: 8 }), async (given, steps) => {
        const queue = testQueue(url);
        const fleet = new Fleet(queue, given);
        await fleet.start();
        for (const one of steps) await fleet.act(one);
        await drained(queue.queue);
        const counts = await queue.queue.getJobCounts('completed', 'failed');
        await fleet.close();

        const delivered = EVENTS.filter((event) => steps.some((one) => one.does === 'deliver' && one.event === event));
        const expected = delivered.flatMap((event) =>
          HANDLERS.map((handler) => [`${event} ${handler}`, runsOf(given[`${event} ${handler}`]!)] as const),
        );
        expect(Object.fromEntries(fleet.runs)).toEqual(Object.fromEntries(expected));
        const completed = delivered.filter((event) =>
          HANDLERS.every((handler) => succeeds(given[`${event} ${handler}`]!)),
        );
        expect(counts).toEqual({ completed: completed.length, failed: delivered.length - completed.length });
      }),
      { seed: SEED, numRuns: 6 },
    );
  });
});
