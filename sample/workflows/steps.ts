import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { and, eq, ne, sql } from 'drizzle-orm';
import { GeminiJobError, GeminiJobs, GeminiWebhooksError, type GeminiJob } from 'nestjs-gemini-webhooks';
import { DATABASE, type Database, type Queries } from '../database/database.js';
import { steps, workflows } from '../database/schema.js';
import { refusalOf } from './refusal.js';
import { Timeline } from './timeline.js';
import type { Workflow } from './workflows.js';

export type Step = typeof steps.$inferSelect;
export type StepKey = Pick<Step, 'workflow' | 'name' | 'position' | 'attempt'>;

/** What each kind of workflow does with its steps. */
export interface StepRunner {
  /**
   * Asks Gemini for it.
   *
   * @returns the job and what was sent, for the timeline; undefined for a step without a job, which is done by then
   */
  start(tx: Queries, step: Step): Promise<StartedStep | undefined>;
  /** The step came to nothing, and no event tells of it. May be called more than once. */
  failed(step: StepKey, reason: string): Promise<void>;
}

export interface StartedStep {
  readonly job: Pick<GeminiJob, 'id' | 'name'>;
  readonly sent: string;
}

/** For so long a planned step is left to whoever planned it, or has just failed to start it. */
const GRACE_MS = 4_000;
const LONGEST_WAIT_MS = 300_000;

/**
 * What workflows ask of Gemini. A step is a row before Gemini is asked: a process that is killed in between leaves one
 * that another takes up (`StepRecovery`). Jobs that end without an event are waited for here.
 */
@Injectable()
export class Steps implements OnModuleDestroy {
  readonly #database: Database;
  readonly #jobs: GeminiJobs;
  readonly #timeline: Timeline;
  readonly #runners = new Map<Workflow['kind'], StepRunner>();
  readonly #watched = new Set<string>();
  readonly #starting = new Set<Promise<void>>();
  readonly #logger = new Logger('Steps');

  constructor(@Inject(DATABASE) database: Database, jobs: GeminiJobs, timeline: Timeline) {
    this.#database = database;
    this.#jobs = jobs;
    this.#timeline = timeline;
  }

  /** Called once by each kind. */
  register(kind: Workflow['kind'], runner: StepRunner): void {
    this.#runners.set(kind, runner);
  }

  /** Writes down what is to be done. Twice is once. */
  async plan(tx: Queries, step: Pick<StepKey, 'workflow' | 'name'> & Partial<StepKey>): Promise<void> {
    const notBefore = new Date(Date.now() + GRACE_MS);
    await tx
      .insert(steps)
      .values({ ...step, notBefore })
      .onConflictDoNothing();
  }

  /** It has ended, or is not needed any more. */
  async end(tx: Queries, step: StepKey): Promise<void> {
    await this.endOnce(tx, step);
  }

  /** @returns whether it had not ended before */
  async endOnce(tx: Queries, step: StepKey): Promise<boolean> {
    const ended = await tx
      .update(steps)
      .set({ status: 'ended' })
      .where(and(isStep(step), ne(steps.status, 'ended')))
      .returning({ name: steps.name });
    return ended.length > 0;
  }

  /** Does what is planned of a workflow. Never rejects: what cannot be done now is tried again by a worker. */
  startPlanned(workflow: string): Promise<void> {
    const started = this.#startAll(workflow).catch((error: Error) => {
      this.#logger.error(`What is planned of ${workflow} could not be started: ${error.message}`);
    });
    this.#starting.add(started);
    void started.then(() => this.#starting.delete(started));
    return started;
  }

  async #startAll(workflow: string): Promise<void> {
    const planned = await this.#database
      .select()
      .from(steps)
      .where(and(eq(steps.workflow, workflow), eq(steps.status, 'planned')));
    for (const step of planned) await this.start(step);
  }

  /** Starts one step, unless somebody else is at it. */
  async start(key: StepKey): Promise<void> {
    try {
      const started = await this.#database.transaction((tx) => this.#claim(tx, key));
      if (started) this.watch(started);
    } catch (error) {
      await this.#postpone(key, error);
    }
  }

  /** The row stays locked while Gemini is asked, for as long as this process lives: nobody asks a second time. */
  async #claim(tx: Queries, key: StepKey): Promise<Step | undefined> {
    const [step] = await tx
      .select()
      .from(steps)
      .where(and(isStep(key), eq(steps.status, 'planned')))
      .for('update', { skipLocked: true });
    if (!step) return undefined;
    const [workflow] = await tx.select().from(workflows).where(eq(workflows.id, step.workflow));
    const isOver = !workflow || workflow.endedAt !== null;
    const started = isOver ? undefined : await this.#runnerOf(workflow.kind).start(tx, step);
    if (!started) {
      await this.end(tx, step);
      return undefined;
    }
    const { job, sent } = started;
    const submitted = { status: 'submitted', jobId: job.id, jobName: job.name ?? null } as const;
    await tx.update(steps).set(submitted).where(isStep(step));
    await this.#timeline.sent(tx, step.workflow, sent);
    return { ...step, ...submitted };
  }

  /** What Gemini refuses is given up; everything else is tried again, later and later. */
  async #postpone(key: StepKey, error: unknown): Promise<void> {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return this.#giveUp(key, refusal);
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn(`Step ${key.name} of ${key.workflow} is tried again later: ${reason}`);
    const waitMs = sql`least(${LONGEST_WAIT_MS}, ${GRACE_MS} * 2 ^ least(${steps.tries}, 10))`;
    await this.#database
      .update(steps)
      .set({ tries: sql`${steps.tries} + 1`, notBefore: sql`now() + ${waitMs} * interval '1 ms'` })
      .where(isStep(key));
  }

  /** Waits for the job's end, in case that no event tells of it. Once in a process. */
  watch(step: Step): void {
    const id = JSON.stringify([step.workflow, step.name, step.position, step.attempt]);
    const ref = step.jobId ?? step.jobName;
    if (ref === null || this.#watched.has(id)) return;
    this.#watched.add(id);
    this.#jobs
      .waitFor(ref)
      .then(
        () => undefined,
        (error: unknown) => this.#ended(step, error),
      )
      .catch((error: Error) => {
        this.#logger.warn(`The end of step ${step.name} of ${step.workflow} is not known yet: ${error.message}`);
        this.#watched.delete(id);
      });
  }

  async #ended(step: Step, error: unknown): Promise<void> {
    if (error instanceof GeminiWebhooksError && error.code === 'closed') return;
    if (!(error instanceof GeminiJobError)) throw error;
    // What an event tells is the handlers' business.
    if (error.event === undefined) await this.#giveUp(step, REASONS[error.code] ?? `it ended as ${error.code}`);
  }

  async #giveUp(key: StepKey, reason: string): Promise<void> {
    const [found] = await this.#database
      .select({ kind: workflows.kind })
      .from(workflows)
      .where(eq(workflows.id, key.workflow));
    if (found) await this.#runnerOf(found.kind).failed(key, reason);
  }

  #runnerOf(kind: Workflow['kind']): StepRunner {
    const runner = this.#runners.get(kind);
    if (!runner) throw new Error(`Nobody runs the steps of a ${kind}.`);
    return runner;
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.#starting);
  }
}

/** Ends of which Gemini sends no event, in a person's words. */
const REASONS: Readonly<Partial<Record<GeminiJobError['code'], string>>> = {
  filtered: "Gemini's safety filters took it",
  failed: 'Gemini could not make it',
  cancelled: 'it was cancelled',
  incomplete: 'Gemini stopped before it was complete',
  budget_exceeded: 'it went over its budget',
  not_found: 'Gemini does not know it any more',
  unknown_outcome: 'nobody could find out how it ended',
};

/** One row. */
export function isStep({ workflow, name, position, attempt }: StepKey) {
  return and(
    eq(steps.workflow, workflow),
    eq(steps.name, name),
    eq(steps.position, position),
    eq(steps.attempt, attempt),
  );
}
