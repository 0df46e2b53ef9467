import { Inject, Injectable } from '@nestjs/common';
import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { BatchResult } from 'nestjs-gemini-webhooks';
import { DATABASE, type Database } from '../database/database.js';
import { batches, batchResults } from '../database/schema.js';

export type StoredResult = typeof batchResults.$inferSelect;

/** The results of batches, a row each. */
@Injectable()
export class BatchStore {
  readonly #database: Database;

  constructor(@Inject(DATABASE) database: Database) {
    this.#database = database;
  }

  /**
   * Stores results and counts those that were not there yet, both or neither: whoever stores the same ones again, after
   * a process was killed or an event came twice, changes nothing.
   */
  async add(workflow: string, results: readonly BatchResult[]): Promise<void> {
    if (results.length === 0) return;
    await this.#database.transaction(async (tx) => {
      const added = await tx
        .insert(batchResults)
        .values(results.map((result) => rowOf(workflow, result)))
        .onConflictDoNothing()
        .returning({ error: batchResults.error });
      const failed = added.filter(({ error }) => error !== null).length;
      await tx
        .update(batches)
        .set({ good: sql`${batches.good} + ${added.length - failed}`, failed: sql`${batches.failed} + ${failed}` })
        .where(eq(batches.workflow, workflow));
    });
  }

  /** In the order of the prompts, from after a position on. */
  async page(workflow: string, after: number, limit: number): Promise<StoredResult[]> {
    return this.#database
      .select()
      .from(batchResults)
      .where(and(eq(batchResults.workflow, workflow), gt(batchResults.position, after)))
      .orderBy(asc(batchResults.position))
      .limit(limit);
  }
}

function rowOf(workflow: string, { key, index, response, error }: BatchResult): StoredResult {
  return {
    workflow,
    // A line that could not be read has no key.
    key: key ?? `line-${index}`,
    position: index,
    text: response ? storable(response.text ?? '') : null,
    error: error ? storable(error.message) : null,
  };
}

/** PostgreSQL's texts hold neither NUL nor half a character. */
function storable(text: string): string {
  return text.replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD');
}
