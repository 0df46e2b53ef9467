import { Inject, Injectable } from '@nestjs/common';
import type { GeminiEvent } from 'nestjs-gemini-webhooks';
import { DATABASE, type Database, type Queries } from '../database/database.js';
import { timeline } from '../database/schema.js';
import { sampleSettings, type SampleSettings } from '../settings.js';

/** How a method fared with an event. */
export interface HandlerRun {
  readonly handler: string;
  readonly event: string;
  readonly durationMs: number;
  readonly attempt: number;
  readonly error?: unknown;
}

/** Writes down what happens to a workflow, for whoever looks at the page. */
@Injectable()
export class Timeline {
  readonly #database: Database;
  readonly #process: string;

  constructor(@Inject(DATABASE) database: Database, @Inject(sampleSettings.KEY) { process }: SampleSettings) {
    this.#database = database;
    this.#process = process;
  }

  /** Something was asked of Gemini. */
  async sent(tx: Queries, workflow: string, text: string): Promise<void> {
    await tx.insert(timeline).values({ workflow, kind: 'sent', text, process: this.#process });
  }

  /** What the workflow says of itself. */
  async note(tx: Queries, workflow: string, text: string): Promise<void> {
    await tx.insert(timeline).values({ workflow, kind: 'note', text, process: this.#process });
  }

  /** An event was accepted. Told once, however often it is handled. */
  async event(workflow: string, { type, delivery }: GeminiEvent): Promise<void> {
    await this.#database
      .insert(timeline)
      .values({
        workflow,
        kind: 'event',
        text: type,
        eventKey: delivery.key,
        deliveryId: delivery.id,
        strategy: delivery.strategy,
        process: this.#process,
      })
      .onConflictDoNothing();
  }

  /** A method has handled an event, or failed to. */
  async handled(workflow: string, { handler, event, durationMs, attempt, error }: HandlerRun): Promise<void> {
    const kind = error === undefined ? 'handled' : 'failed';
    const text = error === undefined ? event : messageOf(error);
    const run = { handler, attempt, durationMs: Math.round(durationMs) };
    await this.#database.insert(timeline).values({ workflow, kind, text, ...run, process: this.#process });
  }
}

/** PostgreSQL's texts hold no NUL. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll('\0', '').slice(0, 500);
}
