import { GoogleGenAI } from '@google/genai';
import { Inject, Injectable } from '@nestjs/common';
import { eq } from 'drizzle-orm';
import { GeminiJobs } from 'nestjs-gemini-webhooks';
import type { Queries } from '../database/database.js';
import { batches } from '../database/schema.js';
import { MODELS } from '../models.js';
import { stepMetadata } from '../workflows/step-events.js';
import { Steps, type StartedStep, type Step, type StepKey, type StepRunner } from '../workflows/steps.js';
import { Workflows } from '../workflows/workflows.js';
import { batchPrompts } from './batch-prompts.js';

const STEP = 'batch';
/** A project may have had any number of batches. */
const MOST_LOOKED_AT = 1_000;

/** Submits many prompts at half the price, and is told when they are answered: `BatchHandlers`. */
@Injectable()
export class Batches implements StepRunner {
  readonly #workflows: Workflows;
  readonly #steps: Steps;
  readonly #jobs: GeminiJobs;
  readonly #ai: GoogleGenAI;

  constructor(workflows: Workflows, steps: Steps, jobs: GeminiJobs, @Inject(GoogleGenAI) ai: GoogleGenAI) {
    this.#workflows = workflows;
    this.#steps = steps;
    this.#jobs = jobs;
    this.#ai = ai;
    steps.register('batch', this);
  }

  /** Returns as soon as it is written down what is to be done. */
  async begin(prompts: number): Promise<string> {
    const title = `${prompts.toLocaleString('en')} prompt${prompts === 1 ? '' : 's'}`;
    const id = await this.#workflows.create({ kind: 'batch', title }, async (tx, workflow) => {
      await tx.insert(batches).values({ workflow, prompts });
      await this.#steps.plan(tx, { workflow, name: STEP });
    });
    void this.#steps.startPlanned(id);
    return id;
  }

  async start(tx: Queries, step: Step): Promise<StartedStep> {
    const displayName = `sample-${step.workflow}`;
    const [{ prompts } = { prompts: 0 }] = await tx.select().from(batches).where(eq(batches.workflow, step.workflow));
    const sent = `a batch of ${prompts.toLocaleString('en')} prompts`;
    // Of a step that was planned a moment ago there can be none. Later a killed process may have left one.
    const isLeft = step.notBefore.getTime() < Date.now();
    const name = isLeft ? await this.#startedBefore(displayName) : undefined;
    if (name !== undefined) return { job: { id: name, name }, sent };
    const file = await this.#jobs.batchInput(batchPrompts(prompts), { displayName });
    const job = await this.#jobs.createBatch({
      model: MODELS.batch,
      src: file.name!,
      config: { displayName, webhookConfig: { userMetadata: stepMetadata(step) } },
    });
    return { job, sent };
  }

  async failed({ workflow }: StepKey, reason: string): Promise<void> {
    await this.#workflows.change(workflow, async (tx) => {
      await this.#steps.end(tx, { workflow, name: STEP, position: 0, attempt: 1 });
      await this.#workflows.end(tx, workflow, `The batch came to nothing: ${reason}`);
    });
  }

  async #startedBefore(displayName: string): Promise<string | undefined> {
    let looked = 0;
    for await (const batch of await this.#ai.batches.list({ config: { pageSize: 100 } })) {
      if (batch.displayName === displayName) return batch.name;
      looked += 1;
      if (looked === MOST_LOOKED_AT) return undefined;
    }
    return undefined;
  }
}
