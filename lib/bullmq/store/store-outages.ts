import type { Logger } from '@nestjs/common';
import { messageOf } from '../../errors.js';
import { OccasionalWarning } from '../../shared/occasional-warning.js';

/** Logs that the store is unavailable, with the reason and at most once a minute, and once when it is available again. */
export class StoreOutages {
  readonly #logger: Pick<Logger, 'warn' | 'log'>;
  readonly #connectionWarning: OccasionalWarning;
  readonly #writeWarning: OccasionalWarning;
  #hasWarned = false;

  constructor(logger: Pick<Logger, 'warn' | 'log'>) {
    this.#logger = logger;
    const target = { warn: (line: string) => this.#warn(line) };
    // Two separate limits: a failed write often says less than the reason for the missing connection.
    this.#connectionWarning = new OccasionalWarning(target);
    this.#writeWarning = new OccasionalWarning(target);
  }

  /** Call when there is no usable connection. */
  unavailable(error: unknown): void {
    this.#connectionWarning.warn(`The inbox store is not available yet: ${reasonOf(error)}`);
  }

  /** Call when an event could not be stored. */
  writeFailed(error: unknown): void {
    this.#writeWarning.warn(`An event could not be stored, so Google will retry it: ${reasonOf(error)}`);
  }

  /** Call when a request succeeded. */
  available(): void {
    if (!this.#hasWarned) return;
    this.#hasWarned = false;
    this.#logger.log('The inbox store is available again.');
  }

  #warn(line: string): void {
    this.#hasWarned = true;
    this.#logger.warn(line);
  }
}

/** Node's error has an empty message if a host refuses the connection on every address. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(messageOf))].join(', ');
  }
  return messageOf(error);
}
