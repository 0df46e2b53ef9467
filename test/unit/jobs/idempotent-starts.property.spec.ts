import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import { InlineJobTracker } from '../../../lib/inbox/inline-job-tracker.js';
import type { JobStart, JobTracker, TrackedJob } from '../../../lib/inbox/job-tracker.js';
import type { JobPlan } from '../../../lib/jobs/job-starter.js';
import type { JobStartsHost } from '../../../lib/jobs/job-starts-host.js';
import type { JobWebhooks } from '../../../lib/jobs/job-webhooks.js';
import type { JobChecker, NameSearch } from '../../../lib/jobs/polling/job-checker.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { SEED } from '../../support/seed.js';

/** Waiting costs no time: it moves the clock. */
let pauses: (ms: number) => Promise<void> = async () => undefined;
jest.unstable_mockModule('../../../lib/shared/pause.js', () => ({ pause: (ms: number) => pauses(ms) }));
const { IdempotentStarts } = await import('../../../lib/jobs/idempotent-starts.js');
const { JobStarter } = await import('../../../lib/jobs/job-starter.js');

jest.setTimeout(120_000);

const REPEAT_AFTER_MS = 3_000;
const never = new Promise<never>(() => undefined);

/** How a request to start a job ends. */
type Answer = 'starts' | 'is refused' | 'is not answered' | 'starts, not answered' | 'killed before' | 'killed after';

interface Call {
  readonly process: number;
  readonly key: string;
  readonly kind: 'batch' | 'video';
  readonly given: number;
}

interface Request extends Call {
  readonly id: string;
  readonly at: number;
  readonly answer: Answer;
}

interface Process {
  readonly died: Deferred;
  isAlive: boolean;
  readonly start: (plan: JobPlan, key: string) => Promise<TrackedJob>;
}

/** Gemini, the record and the lock of jobs, and the processes that share them. */
class World {
  readonly requests: Request[] = [];
  readonly faults: string[] = [];
  readonly #names = new Map<string, string>();
  readonly #tracker = new InlineJobTracker(
    { check: async () => ({ is: 'running' }), lost: () => neverLost(), reconcile: false },
    async () => undefined,
    { maxEntries: 1_000, retentionMs: 3_600_000 },
  );
  readonly #locks = new Map<string, Promise<unknown>>();
  readonly #underWay = new Map<string, Process>();
  /** When a start was recorded whose request has not been made, by the id of its job. */
  readonly #recordedAt = new Map<string, number>();
  readonly #answers: Answer[];
  #lists = 0;
  #processes: Process[];

  constructor(
    readonly scheduler: fc.Scheduler,
    answers: readonly Answer[],
  ) {
    this.#answers = [...answers];
    this.#processes = [this.#process(), this.#process()];
  }

  /** Resolves with the job or the error; never in a process that is killed. */
  async call(call: Call): Promise<TrackedJob | Error | undefined> {
    const process = this.#processes[call.process]!;
    if (!process.isAlive) this.#processes[call.process] = this.#process();
    const own = this.#processes[call.process]!;
    const { kind, given, key } = call;
    const plan: JobPlan = { kind, given, takesWebhook: false, start: (_webhook, id) => this.#request(own, call, id) };
    const settled = own.start(plan, key).catch((error: Error) => error);
    return Promise.race([settled, own.died.promise.then(() => undefined)]);
  }

  close(): void {
    this.#tracker.close();
  }

  #process(): Process {
    const died = deferred();
    const step = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
      await this.scheduler.schedule(Promise.resolve(), what);
      return process.isAlive ? work() : never;
    };
    const tracker = new Proxy(this.#tracker as JobTracker, {
      get:
        (target, name: keyof JobTracker) =>
        (...given: unknown[]) =>
          step(name, () => {
            if (name === 'add') this.#recorded(given[0] as TrackedJob);
            if (name === 'recordStart') this.#recorded({ id: given[0] as string, start: given[1] as JobStart });
            return (target[name] as (...all: unknown[]) => Promise<unknown>).apply(target, given);
          }),
    });
    const webhooks = { wanted: () => false, bind: false } as unknown as JobWebhooks;
    const checker = {
      findName: (job: TrackedJob) => step('list', async () => this.#list(job)),
    } as unknown as JobChecker;
    const host: JobStartsHost = {
      registration: 'default',
      tracker,
      webhooks,
      checker,
      closing: new AbortController().signal,
      repeatAfterMs: REPEAT_AFTER_MS,
      lock: (name, work) => {
        // The lock of a process that is killed expires.
        const held = (this.#locks.get(name) ?? Promise.resolve()).then(() =>
          process.isAlive ? work(new AbortController().signal) : never,
        );
        this.#locks.set(name, Promise.race([held.catch(() => undefined), died.promise]));
        return held;
      },
    };
    const starts = new IdempotentStarts(new JobStarter(tracker, webhooks), host);
    const process: Process = { died, isAlive: true, start: (plan, key) => starts.start(plan, key) };
    return process;
  }

  /** Each third list is not answered. */
  #list({ displayName = '' }: TrackedJob): NameSearch {
    this.#lists += 1;
    if (this.#lists % 3 === 0) return { is: 'unanswered', waitMs: 1_500 };
    const name = this.#names.get(displayName);
    return name === undefined ? { is: 'none' } : { is: 'found', name, batch: {} };
  }

  #recorded({ id, start }: Pick<TrackedJob, 'id' | 'start'>): void {
    this.#recordedAt.set(id, start!.requestedAt);
  }

  async #request(process: Process, call: Call, id: string): Promise<string> {
    if (this.#underWay.get(call.key)?.isAlive) this.faults.push(`two requests for ${call.key} at a time`);
    this.#underWay.set(call.key, process);
    // Others may wait, and so move the clock, between the record and the request.
    const at = this.#recordedAt.get(id) ?? Date.now();
    this.#recordedAt.delete(id);
    await this.scheduler.schedule(Promise.resolve(), 'request');
    if (!process.isAlive) return never;
    const answer = this.#answers.shift() ?? 'starts';
    this.#check(call, answer);
    this.requests.push({ ...call, id, at, answer });
    this.#underWay.delete(call.key);
    if (isStarted(answer) && !this.#names.has(id)) this.#names.set(id, `names/${id}`);
    if (answer === 'starts') return this.#names.get(id)!;
    if (answer === 'is refused') throw Object.assign(new Error('refused'), { status: 400 });
    if (!answer.startsWith('killed')) throw new TypeError('terminated');
    process.isAlive = false;
    process.died.resolve();
    return never;
  }

  #check(call: Call, answer: Answer): void {
    const before = this.requests.findLast(({ key }) => key === call.key);
    if (!before || before.answer === 'is refused') return;
    if (before.answer === 'starts') this.faults.push(`${call.key} was started again, ${answer}`);
    else if (Date.now() < before.at + REPEAT_AFTER_MS) this.faults.push(`${call.key} was repeated early`);
    if (call.kind === 'batch' && isStarted(before.answer)) this.faults.push(`the batch ${call.key} was not recovered`);
  }
}

function isStarted(answer: Answer): boolean {
  return ['starts', 'starts, not answered', 'killed after'].includes(answer);
}

function asked({ kind, given }: Call): string {
  return `${kind} ${given}`;
}

function neverLost(): never {
  throw new Error('no job is polled');
}

const call = (process: fc.Arbitrary<number>): fc.Arbitrary<Call> =>
  fc.record({
    process,
    key: fc.constantFrom('one', 'two'),
    kind: fc.constantFrom<Call['kind'][]>('batch', 'batch', 'video'),
    given: fc.constantFrom(1, 1, 1, 2),
  });
const answer = fc.constantFrom<Answer[]>(
  'starts',
  'is refused',
  'is not answered',
  'starts, not answered',
  'killed before',
  'killed after',
);

describe('for all answers, kills and orders of concurrent starts', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
    jest.useFakeTimers({
      doNotFake: [
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'clearInterval',
        'setImmediate',
        'clearImmediate',
        'nextTick',
        'queueMicrotask',
        'performance',
        'hrtime',
      ],
    });
  });

  afterAll(() => {
    jest.useRealTimers();
  });

  it('a key starts one job, and a request is repeated only when it was refused or could not be recovered in time', async () => {
    const waves = fc.array(fc.array(call(fc.nat(1)), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), waves, fc.array(answer, { maxLength: 6 }), async (scheduler, given, answers) => {
        pauses = async (ms) => {
          await scheduler.schedule(Promise.resolve(), 'pause');
          jest.setSystemTime(Date.now() + ms);
        };
        const world = new World(scheduler, answers);
        const ends: { readonly call: Call; readonly end: TrackedJob | Error | undefined }[] = [];
        for (const wave of given) {
          const all = Promise.all(wave.map(async (one) => ({ call: one, end: await world.call(one) })));
          ends.push(...(await scheduler.waitFor(all)));
        }
        world.close();

        expect(world.faults).toEqual([]);
        for (const key of ['one', 'two']) {
          const own = ends.filter((one) => one.call.key === key);
          const started = own.flatMap(({ call: one, end }) =>
            end && !(end instanceof Error) ? [{ ...end, asked: asked(one) }] : [],
          );
          // Also after a refusal, which binds the key to its parameters.
          expect(new Set(started.map(({ id, asked: parameters }) => `${id} ${parameters}`)).size).toBeLessThanOrEqual(
            1,
          );
          for (const { id, name } of started) expect(name).toBe(`names/${id}`);
          const isMixed = new Set(own.map((one) => asked(one.call))).size > 1;
          for (const { end } of own)
            if (end instanceof GeminiWebhooksError) expect([end.code, isMixed]).toEqual(['invalid_argument', true]);
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});
