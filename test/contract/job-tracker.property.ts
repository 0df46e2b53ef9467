import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { idOfName, type TrackedJob } from '../../lib/inbox/job-tracker.js';
import { deliveryOfJob, newJob } from '../support/scripted-gemini.js';
import { SEED } from '../support/seed.js';
import { until } from '../support/until.js';
import { LATER, startTracking, type TrackedInbox, type TrackingEngine } from './job-tracker.contract.js';

/** What the tracker must say of one job. */
interface ModelJob {
  readonly job: TrackedJob;
  /** Gemini's name for it, whether or not the tracker knows it. */
  readonly name: string;
  isAdded: boolean;
  isNamed: boolean;
  isRefused: boolean;
  /** Outcome of the event that came when the tracker could not tell whose it is. */
  early?: string | undefined;
  end?: string | undefined;
}

type Model = readonly ModelJob[];

interface Real {
  readonly tracking: TrackingEngine;
  /** Ids of the jobs whose watchers were called. */
  readonly notified: Set<string>;
}

/** A job of each sort: bound by a token, found by its name only, and tracked by its name from the beginning. */
function newJobs(): Model {
  const sorts = [
    newJob({ start: { digest: 'd', requestedAt: 1 } }),
    newJob({ bound: false, start: { digest: 'd', requestedAt: 1 } }),
    newJob({ id: `job.interaction.${randomUUID()}`, kind: 'interaction' }),
    newJob({ bound: false }),
  ];
  return sorts.map((sort, index) => {
    const name = `${sort.kind === 'batch' ? 'batches/' : 'v1_'}${randomUUID()}`;
    const tracked = index === 3 ? { id: idOfName({ kind: 'batch', name, params: {} }), name } : {};
    return { job: { ...sort, ...tracked }, name, isAdded: false, isNamed: false, isRefused: false };
  });
}

abstract class Step implements fc.AsyncCommand<Model, Real> {
  constructor(readonly which: number) {}

  abstract isPossible(one: ModelJob): boolean;
  abstract act(one: ModelJob, real: Real): Promise<unknown>;

  check(model: Readonly<Model>): boolean {
    return this.isPossible(model[this.which]!);
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.act(model[this.which]!, real);
    for (const one of model) if (one.isAdded) await agrees(one, real);
  }

  toString(): string {
    return `${this.constructor.name} ${this.which}`;
  }
}

/** Checks that the tracker says of a job what the model says. */
async function agrees({ job, name, isNamed, end }: ModelJob, { tracking: { jobs }, notified }: Real): Promise<void> {
  if (end === undefined) expect(await jobs.settlement(job.id)).toBeUndefined();
  else await until(async () => (await jobs.settlement(job.id))?.outcome === end);
  if (end !== undefined && job.name === undefined) await until(() => notified.has(job.id));
  expect(await jobs.find({ id: job.id })).toMatchObject({ id: job.id, ...(isNamed && { name }) });
  if (isNamed) expect((await jobs.find({ kind: job.kind, name, params: {} }))?.id).toBe(job.id);
}

class Add extends Step {
  isPossible = (one: ModelJob) => !one.isAdded;

  async act(one: ModelJob, { tracking: { jobs }, notified }: Real): Promise<void> {
    jobs.watch(one.job.id, () => notified.add(one.job.id));
    await jobs.add(one.job);
    one.isAdded = true;
    one.isNamed = one.job.name !== undefined;
    if (one.isNamed && one.early !== undefined) one.end = one.early;
  }
}

class AddAgain extends Step {
  isPossible = (one: ModelJob) => one.isAdded;

  async act(one: ModelJob, { tracking: { jobs } }: Real): Promise<void> {
    await jobs.add({ ...one.job, displayName: 'another' });
  }
}

class Rename extends Step {
  isPossible = (one: ModelJob) => one.isAdded && !one.isNamed && !one.isRefused;

  async act(one: ModelJob, { tracking: { jobs } }: Real): Promise<void> {
    await jobs.rename(one.job.id, one.name);
    one.isNamed = true;
    one.end ??= one.early;
  }
}

class Refuse extends Step {
  isPossible = (one: ModelJob) => one.isAdded && !one.isNamed && one.job.start !== undefined;

  async act(one: ModelJob, { tracking: { jobs } }: Real): Promise<void> {
    await jobs.recordStart(one.job.id, { ...one.job.start!, refused: true });
    one.isRefused = true;
    one.end ??= 'failed';
  }
}

class Event extends Step {
  constructor(
    which: number,
    readonly outcome: 'succeeded' | 'failed' | 'cancelled',
  ) {
    super(which);
  }

  /** Gemini sends one end of a job; the tracker may hear another one of a job that has ended. */
  isPossible = ({ job, isAdded, isNamed, end, early }: ModelJob) =>
    job.bound ? isAdded : end !== undefined || early === undefined || early === this.outcome || (isAdded && isNamed);

  async act(one: ModelJob, { tracking: { engine } }: Real): Promise<void> {
    const completed = one.job.kind === 'interaction' ? 'completed' : 'succeeded';
    const type = `${one.job.kind}.${this.outcome === 'succeeded' ? completed : this.outcome}`;
    await engine.accept(deliveryOfJob({ ...one.job, name: one.name }, { type }));
    const isKnown = one.isAdded && (one.job.bound || one.isNamed);
    if (!isKnown) one.early ??= this.outcome;
    else if (one.end === undefined) {
      one.end = this.outcome;
      one.isNamed = true;
    }
  }

  override toString = () => `Event ${this.which} ${this.outcome}`;
}

const which = fc.nat(3);
const steps = [
  which.map((one) => new Add(one)),
  which.map((one) => new AddAgain(one)),
  which.map((one) => new Rename(one)),
  which.map((one) => new Refuse(one)),
  fc
    .tuple(which, fc.constantFrom<Event['outcome'][]>('succeeded', 'failed', 'cancelled'))
    .map(([one, outcome]) => new Event(one, outcome)),
];

/** The tracker says what its model says, in whatever order jobs are added, named, refused and ended. */
export function jobTrackerProperty(name: string, inbox: TrackedInbox, numRuns: number): void {
  describe(`for all orders of records and events, the ${name} inbox`, () => {
    let tracking: TrackingEngine;

    beforeAll(async () => {
      tracking = await startTracking(inbox, LATER);
    });

    afterAll(async () => {
      await tracking.engine.close();
    });

    it('ends each job once, by what came first, and finds it by its id and name', async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands(steps, { maxCommands: 20, size: '+1' }), async (commands) => {
          const setup = () => ({ model: newJobs(), real: { tracking, notified: new Set<string>() } });
          await fc.asyncModelRun(setup, commands);
        }),
        { seed: SEED, numRuns },
      );
      expect(tracking.gemini.asked).toEqual([]);
    });
  });
}
