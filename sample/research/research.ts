import { Injectable } from '@nestjs/common';
import { eq } from 'drizzle-orm';
import { GeminiJobs, type GeminiJob } from 'nestjs-gemini-webhooks';
import type { Queries } from '../database/database.js';
import { research } from '../database/schema.js';
import { MODELS } from '../models.js';
import { stepMetadata } from '../workflows/step-events.js';
import { Steps, type StartedStep, type Step, type StepKey, type StepRunner } from '../workflows/steps.js';
import { Timeline } from '../workflows/timeline.js';
import { Workflows } from '../workflows/workflows.js';
import { APPROVE_BUDGET, INSTRUCTION, TOOLS, type BudgetCall } from './research-questions.js';

/** Its steps, in order: the model asks for a budget, is told of the decision, and the agent does the research. */
export const RESEARCH_STEPS = ['plan', 'answer', 'report'] as const;
type ResearchStep = (typeof RESEARCH_STEPS)[number];

type Row = typeof research.$inferSelect;

/** What became of a decision. */
export type DecisionOutcome = 'decided' | 'nobody waits';

/** Deep research, for which a person approves the budget first. `ResearchHandlers` goes on with what Gemini says. */
@Injectable()
export class Research implements StepRunner {
  readonly #workflows: Workflows;
  readonly #steps: Steps;
  readonly #jobs: GeminiJobs;
  readonly #timeline: Timeline;

  constructor(workflows: Workflows, steps: Steps, jobs: GeminiJobs, timeline: Timeline) {
    this.#workflows = workflows;
    this.#steps = steps;
    this.#jobs = jobs;
    this.#timeline = timeline;
    steps.register('research', this);
  }

  /** Returns as soon as it is written down what is to be done. */
  async begin(question: string): Promise<string> {
    const id = await this.#workflows.create({ kind: 'research', title: question }, async (tx, workflow) => {
      await tx.insert(research).values({ workflow, question });
      await this.#steps.plan(tx, { workflow, name: 'plan' });
    });
    void this.#steps.startPlanned(id);
    return id;
  }

  async start(tx: Queries, step: Step): Promise<StartedStep | undefined> {
    const [row] = await tx.select().from(research).where(eq(research.workflow, step.workflow));
    if (!row) return undefined;
    switch (step.name as ResearchStep) {
      case 'plan':
        return { job: await this.#plan(step, row), sent: 'the question, and a function to ask for a budget' };
      case 'answer':
        return { job: await this.#answer(step, row), sent: 'the function’s result: the budget is approved' };
      case 'report':
        return { job: await this.#report(step, row), sent: 'the question, to the research agent' };
    }
  }

  #plan(step: Step, { question }: Row): Promise<GeminiJob<'interaction'>> {
    return this.#jobs.createInteraction({
      model: MODELS.interaction,
      input: question,
      system_instruction: INSTRUCTION,
      tools: TOOLS,
      webhook_config: { user_metadata: stepMetadata(step) },
    });
  }

  /** After a pause an interaction goes on as a new one. */
  #answer(step: Step, { interaction, callId }: Row): Promise<GeminiJob<'interaction'>> {
    return this.#jobs.createInteraction({
      model: MODELS.interaction,
      previous_interaction_id: interaction!,
      input: [{ type: 'function_result', call_id: callId!, name: APPROVE_BUDGET, result: { approved: true } }],
      system_instruction: INSTRUCTION,
      tools: TOOLS,
      webhook_config: { user_metadata: stepMetadata(step) },
    });
  }

  #report(step: Step, { question }: Row): Promise<GeminiJob<'interaction'>> {
    return this.#jobs.createInteraction({
      agent: MODELS.research,
      input: question,
      webhook_config: { user_metadata: stepMetadata(step) },
    });
  }

  /** The model wants a budget approved: from now on a person is waited for. */
  async askPerson(step: StepKey, interaction: string, { callId, budget, reason }: BudgetCall): Promise<void> {
    await this.#passing(step, async (tx, workflow) => {
      await tx.update(research).set({ interaction, callId, budget, reason }).where(eq(research.workflow, workflow));
      await this.#workflows.setStatus(tx, workflow, 'waiting');
      await this.#timeline.note(tx, workflow, `A person is asked to approve ${budget}.`);
    });
  }

  /** What the person says. The first decision counts. */
  async decide(id: string, approved: boolean): Promise<DecisionOutcome> {
    const outcome = await this.#workflows.change(id, async (tx, { status, kind }) => {
      if (kind !== 'research' || status !== 'waiting') return 'nobody waits';
      await tx.update(research).set({ approved }).where(eq(research.workflow, id));
      await this.#timeline.note(tx, id, approved ? 'The budget is approved.' : 'The budget is not approved.');
      if (!approved) {
        await this.#workflows.end(tx, id, 'The budget was not approved.');
        return 'decided';
      }
      await this.#workflows.setStatus(tx, id, 'running');
      await this.#steps.plan(tx, { workflow: id, name: 'answer' });
      return 'decided';
    });
    if (outcome === 'decided') void this.#steps.startPlanned(id);
    return outcome ?? 'nobody waits';
  }

  /** The model knows of the approval: the agent is set to work. */
  async beginReport(step: StepKey): Promise<void> {
    await this.#passing(step, (tx, workflow) => this.#steps.plan(tx, { workflow, name: 'report' }));
    await this.#steps.startPlanned(step.workflow);
  }

  async finish(step: StepKey, report: string): Promise<void> {
    await this.#passing(step, async (tx, workflow) => {
      await tx
        .update(research)
        .set({ report: report.replaceAll('\0', '') })
        .where(eq(research.workflow, workflow));
      await this.#workflows.end(tx, workflow);
    });
  }

  async failed(step: StepKey, reason: string): Promise<void> {
    await this.#passing(step, (tx, workflow) => this.#workflows.end(tx, workflow, `The research ended: ${reason}`));
  }

  /** Goes on from a step, once. */
  async #passing(step: StepKey, change: (tx: Queries, workflow: string) => Promise<void>): Promise<void> {
    await this.#workflows.change(step.workflow, async (tx) => {
      if (await this.#steps.endOnce(tx, step)) await change(tx, step.workflow);
    });
  }
}
