import { Inject, Injectable } from '@nestjs/common';
import { eq, or, sql } from 'drizzle-orm';
import type { GeminiEvent } from 'nestjs-gemini-webhooks';
import { DATABASE, type Database } from '../database/database.js';
import { steps, workflows } from '../database/schema.js';
import { isStep, type StepKey } from './steps.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** What a job is started with, so that its event says which step it is of. */
export function stepMetadata({ workflow, name, position, attempt }: StepKey): Record<string, unknown> {
  return { workflow, step: name, position, attempt };
}

/** The workflow that an event names, whether or not there is one. */
export function workflowOf({ userMetadata }: GeminiEvent): string | undefined {
  const { workflow } = userMetadata as { workflow?: unknown };
  return typeof workflow === 'string' && UUID.test(workflow) ? workflow : undefined;
}

/** Finds the step that an event is of. */
@Injectable()
export class StepEvents {
  readonly #database: Database;

  constructor(@Inject(DATABASE) database: Database) {
    this.#database = database;
  }

  /** undefined for an event of something else */
  async stepOf(event: GeminiEvent): Promise<StepKey | undefined> {
    const workflow = workflowOf(event);
    if (workflow === undefined) return this.#byName(event);
    const { step: name, position = 0, attempt = 1 } = event.userMetadata as Record<string, unknown>;
    const key = { workflow, name: String(name), position: Number(position), attempt: Number(attempt) };
    const isWhole = Number.isSafeInteger(key.position) && Number.isSafeInteger(key.attempt);
    const [step] = isWhole ? await this.#database.select().from(steps).where(isStep(key)) : [];
    return step;
  }

  /** The workflow that an event is of. */
  async workflowOf(event: GeminiEvent): Promise<string | undefined> {
    const id = workflowOf(event);
    if (id === undefined) return (await this.#byName(event))?.workflow;
    const [workflow] = await this.#database.select({ id: workflows.id }).from(workflows).where(eq(workflows.id, id));
    return workflow?.id;
  }

  /** Gemini may refuse metadata, and then brings none back. Events name operations by their last part. */
  async #byName({ resource }: GeminiEvent): Promise<StepKey | undefined> {
    if (!resource) return undefined;
    const { name } = resource;
    const [step] = await this.#database
      .select()
      .from(steps)
      .where(or(eq(steps.jobName, name), sql`right(${steps.jobName}, length(${name}) + 1) = '/' || ${name}`));
    return step;
  }
}
