import { Inject, Injectable } from '@nestjs/common';
import { asc, desc, eq, inArray, sql } from 'drizzle-orm';
import { DATABASE, type Database } from '../database/database.js';
import { batches, deliveries, films, research, scenes, steps, timeline, workflows } from '../database/schema.js';
import { byWorkflow } from './by-workflow.js';
import { batchView, filmView, progressOf, researchView } from './kind-views.js';
import type { DeliveryScheme, TimelineEntry, WorkflowView } from './page-api.js';

const SHOWN = 50;

/** Workflows as the page shows them, from the store. */
@Injectable()
export class WorkflowViews {
  readonly #database: Database;

  constructor(@Inject(DATABASE) database: Database) {
    this.#database = database;
  }

  /** Newest first. */
  async all(): Promise<WorkflowView[]> {
    const rows = await this.#database.select().from(workflows).orderBy(desc(workflows.startedAt)).limit(SHOWN);
    return this.#views(rows);
  }

  async one(id: string): Promise<WorkflowView | undefined> {
    const [view] = await this.#views(await this.#database.select().from(workflows).where(eq(workflows.id, id)));
    return view;
  }

  async #views(rows: readonly (typeof workflows.$inferSelect)[]): Promise<WorkflowView[]> {
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return [];
    const database = this.#database;
    const [entries, batchRows, filmRows, sceneRows, researchRows, stepRows] = await Promise.all([
      this.#timeline(ids),
      database.select().from(batches).where(inArray(batches.workflow, ids)).then(byWorkflow),
      database.select().from(films).where(inArray(films.workflow, ids)).then(byWorkflow),
      database
        .select()
        .from(scenes)
        .where(inArray(scenes.workflow, ids))
        .orderBy(asc(scenes.position))
        .then(byWorkflow),
      database.select().from(research).where(inArray(research.workflow, ids)).then(byWorkflow),
      database.select().from(steps).where(inArray(steps.workflow, ids)).then(byWorkflow),
    ]);
    return rows.map((row) => {
      const { id, kind, title, status, startedAt, endedAt, failure } = row;
      const parts = {
        batch: batchRows.get(id)?.[0],
        film: filmRows.get(id)?.[0],
        scenes: sceneRows.get(id) ?? [],
        research: researchRows.get(id)?.[0],
        steps: stepRows.get(id) ?? [],
      };
      return {
        id,
        kind,
        title,
        status,
        startedAt: startedAt.toISOString(),
        endedAt: endedAt?.toISOString() ?? null,
        progress: progressOf(row, parts),
        failure,
        timeline: entries.get(id) ?? [],
        batch: batchView(parts),
        film: filmView(parts),
        research: researchView(row, parts),
      };
    });
  }

  async #timeline(ids: readonly string[]): Promise<Map<string, TimelineEntry[]>> {
    // Handlers are not told by which of Google's signatures an event came: the delivery says so.
    const scheme = sql<DeliveryScheme | null>`(
      SELECT d."scheme" FROM ${deliveries} d
      WHERE d."delivery_id" = "timeline"."delivery_id" AND d."scheme" IS NOT NULL ORDER BY d."id" LIMIT 1)`;
    const rows = await this.#database
      .select({ entry: timeline, scheme })
      .from(timeline)
      .where(inArray(timeline.workflow, [...ids]))
      .orderBy(asc(timeline.id));
    const entries = rows.map((row) => ({ workflow: row.entry.workflow, entry: entryOf(row.entry, row.scheme) }));
    return new Map([...byWorkflow(entries)].map(([id, of]) => [id, of.map(({ entry }) => entry)]));
  }
}

function entryOf(entry: typeof timeline.$inferSelect, signature: DeliveryScheme | null): TimelineEntry {
  const { id, at, kind, text, strategy, handler, durationMs, attempt, process } = entry;
  const scheme = strategy === 'reconciled' ? 'reconciled' : strategy === 'hmac' ? 'v1' : signature;
  return { id, at: at.toISOString(), kind, text, scheme, handler, durationMs, attempt, process };
}
