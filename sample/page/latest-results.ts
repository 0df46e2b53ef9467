import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, gt } from 'drizzle-orm';
import { DATABASE, type Database } from '../database/database.js';
import { batchResults } from '../database/schema.js';
import type { ResultRow } from './page-api.js';

const MOST_ROWS = 20;
const MOST_BATCHES = 1_000;

/** The newest result rows of batches: of those that have come since they were last asked for. */
@Injectable()
export class LatestResults {
  readonly #database: Database;
  /** The last position that was told, by workflow. */
  readonly #told = new Map<string, number>();

  constructor(@Inject(DATABASE) database: Database) {
    this.#database = database;
  }

  async next(workflow: string): Promise<ResultRow[]> {
    const rows = await this.#database
      .select()
      .from(batchResults)
      .where(and(eq(batchResults.workflow, workflow), gt(batchResults.position, this.#told.get(workflow) ?? -1)))
      .orderBy(desc(batchResults.position))
      .limit(MOST_ROWS);
    if (rows[0]) this.#remember(workflow, rows[0].position);
    return rows.toReversed().map(resultRow);
  }

  #remember(workflow: string, position: number): void {
    this.#told.delete(workflow);
    this.#told.set(workflow, position);
    if (this.#told.size > MOST_BATCHES) this.#told.delete([...this.#told.keys()][0]!);
  }
}

export function resultRow({ position, key, text, error }: typeof batchResults.$inferSelect): ResultRow {
  return { position, key, text, error };
}
