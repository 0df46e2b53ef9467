import { Inject, Injectable } from '@nestjs/common';
import { and, eq, inArray } from 'drizzle-orm';
import { randomUUID } from 'node:crypto';
import { DATABASE, type Database, type Queries } from '../database/database.js';
import { workflows } from '../database/schema.js';
import { Timeline } from './timeline.js';

export type Workflow = typeof workflows.$inferSelect;

/** The rows of workflows: made, changed one at a time, and ended once. */
@Injectable()
export class Workflows {
  readonly #database: Database;
  readonly #timeline: Timeline;

  constructor(@Inject(DATABASE) database: Database, timeline: Timeline) {
    this.#database = database;
    this.#timeline = timeline;
  }

  /** @param details writes what is special of its kind, in the same transaction @returns the workflow's id */
  create(
    { kind, title }: Pick<Workflow, 'kind' | 'title'>,
    details: (tx: Queries, id: string) => Promise<void>,
  ): Promise<string> {
    const id = randomUUID();
    return this.#database.transaction(async (tx) => {
      await tx.insert(workflows).values({ id, kind, title });
      await details(tx, id);
      return id;
    });
  }

  /**
   * Changes a workflow while nobody else does. What has ended is left alone.
   *
   * @returns what `change` returns; undefined when there is no such workflow, or it has ended
   */
  change<Result>(
    id: string,
    change: (tx: Queries, workflow: Workflow) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.#database.transaction(async (tx) => {
      // Not FOR UPDATE: rows that refer to the workflow can be written meanwhile.
      const [workflow] = await tx
        .select()
        .from(workflows)
        .where(and(eq(workflows.id, id), inArray(workflows.status, ['running', 'waiting'])))
        .for('no key update');
      return workflow && change(tx, workflow);
    });
  }

  /** Ends it, within `change`. */
  async end(tx: Queries, id: string, failure?: string | null): Promise<void> {
    const status = failure ? 'failed' : 'succeeded';
    await tx
      .update(workflows)
      .set({ status, failure: failure ?? null, endedAt: new Date() })
      .where(eq(workflows.id, id));
    await this.#timeline.note(tx, id, failure ? `Failed: ${failure}` : 'Done.');
  }

  /** A person is waited for, or not any more; within `change`. */
  async setStatus(tx: Queries, id: string, status: 'running' | 'waiting'): Promise<void> {
    await tx.update(workflows).set({ status }).where(eq(workflows.id, id));
  }
}
