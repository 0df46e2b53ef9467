import type { PostgresConnection } from 'bullmq';
import { keepErrorsHandled } from './handled-errors.js';
import { retryDeadlocks } from './postgres-deadlocks.js';

/** The parts of BullMQ's connection that this module patches, each with what is lost without it. */
const PARTS = {
  pool: 'a broken connection may end the process, and a deadlock may run a handler again',
  pgModule: 'a broken connection may end the process',
} as const;

/** Patches BullMQ's connections to PostgreSQL, and remembers which of their private parts a BullMQ version lacks. */
export class PatchedConnections {
  readonly #missing = new Set<keyof typeof PARTS>();

  /** @param listeningClient class of the LISTEN client, instead of pg's */
  patch(connection: PostgresConnection, listeningClient?: Parameters<typeof keepErrorsHandled>[1]): void {
    for (const part of Object.keys(PARTS) as (keyof typeof PARTS)[])
      if (!(connection as unknown as Partial<Record<string, unknown>>)[part]) this.#missing.add(part);
    keepErrorsHandled(connection, listeningClient);
    retryDeadlocks(connection);
  }

  /** Returns a warning for each missing part. */
  warnings(): string[] {
    return [...this.#missing].map(
      (part) =>
        `This version of BullMQ has no PostgresConnection.${part}, which nestjs-gemini-webhooks patches: ${PARTS[part]}. Install the BullMQ version that was current when this release was published, and report the problem.`,
    );
  }
}
