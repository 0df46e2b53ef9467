import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { and, eq, inArray, lte, sql } from 'drizzle-orm';
import { DATABASE, type Database } from '../database/database.js';
import { steps as stepRows, workflows } from '../database/schema.js';
import { Steps } from './steps.js';

const EVERY_MS = 3_000;

/**
 * Takes up what a killed process has left: steps that were planned and never started, and jobs that nobody waits for.
 * A look at our own store; Gemini is not asked.
 */
@Injectable()
export class StepRecovery implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #database: Database;
  readonly #steps: Steps;
  readonly #logger = new Logger('StepRecovery');
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(@Inject(DATABASE) database: Database, steps: Steps) {
    this.#database = database;
    this.#steps = steps;
  }

  onApplicationBootstrap(): void {
    this.#look();
  }

  #look(): void {
    this.#looking = this.recover()
      .catch((error: Error) => this.#logger.warn(`What was left could not be taken up: ${error.message}`))
      .then(() => {
        if (!this.#isClosed) this.#timer = setTimeout(() => this.#look(), EVERY_MS);
      });
  }

  async recover(): Promise<void> {
    const left = await this.#database
      .select({ step: stepRows })
      .from(stepRows)
      .innerJoin(workflows, eq(workflows.id, stepRows.workflow))
      .where(
        and(
          inArray(workflows.status, ['running', 'waiting']),
          inArray(stepRows.status, ['planned', 'submitted']),
          lte(stepRows.notBefore, sql`now()`),
        ),
      );
    for (const { step } of left) {
      if (step.status === 'submitted') this.#steps.watch(step);
      else await this.#steps.start(step);
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }
}
