import { Inject, Injectable, Logger } from '@nestjs/common';
import { and, eq, lt } from 'drizzle-orm';
import type { VerifiedDelivery } from 'nestjs-gemini-webhooks';
import { DATABASE, type Database } from '../database/database.js';
import { deliveries, timeline } from '../database/schema.js';
import { sampleSettings, type SampleSettings } from '../settings.js';
import { workflowOf } from '../workflows/step-events.js';

type Row = typeof deliveries.$inferInsert;

/** Of those that were refused no more are kept: anybody can send them. */
const REFUSED_KEPT = 1_000;

/** How a POST was answered. */
export type DeliveryAnswer = Pick<Row, 'outcome' | 'status'> & { readonly code?: string | undefined };

/** Writes down each POST to the webhook's route. */
@Injectable()
export class DeliveryLog {
  readonly #database: Database;
  readonly #process: string;
  readonly #logger = new Logger('DeliveryLog');

  constructor(@Inject(DATABASE) database: Database, @Inject(sampleSettings.KEY) { process }: SampleSettings) {
    this.#database = database;
    this.#process = process;
  }

  /** Never rejects: an answer to Gemini does not depend on it. @param delivery of a POST that was believed */
  async add({ outcome, status, code }: DeliveryAnswer, signature?: string, delivery?: VerifiedDelivery): Promise<void> {
    const row: Row = { outcome, status, code: code ?? null, process: this.#process };
    try {
      if (delivery) await this.#addBelieved({ ...row, ...factsOf(delivery, signature) });
      else await this.#addRefused(row);
    } catch (error) {
      this.#logger.warn(`A delivery could not be written down: ${(error as Error).message}`);
    }
  }

  /** A durable inbox answers 202 to each delivery of an event, and takes one: which one is known here. */
  async #addBelieved(row: Row & { readonly eventKey: string }): Promise<void> {
    const isKnown = row.outcome === 'accepted' && (await this.#isReconciled(row.eventKey));
    const added = isKnown ? [] : await this.#insert(row);
    if (added.length === 0) await this.#insert({ ...row, outcome: 'duplicate' });
  }

  async #addRefused(row: Row): Promise<void> {
    const [added] = await this.#insert(row);
    if (added && row.outcome === 'refused') await this.#forgetBefore(added.id - REFUSED_KEPT);
  }

  #insert(row: Row): Promise<{ id: number }[]> {
    return this.#database.insert(deliveries).values(row).onConflictDoNothing().returning({ id: deliveries.id });
  }

  /** Whether the event was found by a look-up before its webhook came. */
  async #isReconciled(eventKey: string): Promise<boolean> {
    const [event] = await this.#database
      .select({ id: timeline.id })
      .from(timeline)
      .where(and(eq(timeline.eventKey, eventKey), eq(timeline.strategy, 'reconciled')));
    return event !== undefined;
  }

  async #forgetBefore(id: number): Promise<void> {
    await this.#database.delete(deliveries).where(and(eq(deliveries.outcome, 'refused'), lt(deliveries.id, id)));
  }
}

function factsOf(delivery: VerifiedDelivery, signature: string | undefined) {
  return {
    scheme: schemeOf(delivery, signature),
    event: delivery.event.type,
    workflow: workflowOf(delivery.event) ?? null,
    deliveryId: delivery.id,
    eventKey: delivery.key,
  };
}

/** By what the signature was that verified: the package says by which keys, the header in which form. */
function schemeOf({ strategy }: VerifiedDelivery, signature = ''): NonNullable<Row['scheme']> {
  if (strategy === 'hmac') return 'v1';
  return signature.split(' ').some((entry) => entry.startsWith('v1a,')) ? 'v1a' : 'jwt';
}
