import type { Logger } from '@nestjs/common';
import { messageOf } from '../../errors.js';
import { OccasionalWarning } from '../../shared/occasional-warning.js';

/** How long a reported reason for a missing connection is current, in milliseconds. It repeats at least this often. */
const REASON_CURRENT_MS = 3_000;

/** Logs that the store is unavailable, with the reason and at most once a minute, and once when it is available again. */
export class StoreOutages {
  readonly #logger: Pick<Logger, 'warn' | 'log'>;
  readonly #connectionWarning: OccasionalWarning;
  readonly #writeWarning: OccasionalWarning;
  /** True after a warning, until the store is available again. */
  #hasWarned = { connection: false, write: false };
  #reasonAt = -Infinity;

  constructor(logger: Pick<Logger, 'warn' | 'log'>) {
    this.#logger = logger;
    // Two separate limits: a failed write often says less than the reason for the missing connection.
    this.#connectionWarning = new OccasionalWarning({ warn: (line) => this.#warn('connection', line) });
    this.#writeWarning = new OccasionalWarning({ warn: (line) => this.#warn('write', line) });
  }

  /** Call when there is no usable connection. */
  unavailable(error: unknown): void {
    this.#reasonAt = Date.now();
    this.#warnUnavailable(error);
  }

  /** Call when the monitor's requests failed. A connection error takes precedence, because it says more. */
  probeFailed(error: unknown): void {
    if (!this.#hasCurrentReason()) this.#warnUnavailable(error);
  }

  /** Call when the monitor's request succeeded. It only reads, so it does not show that writes succeed again. */
  probeSucceeded(): void {
    if (this.#hasWarned.connection && !this.#hasCurrentReason()) this.available();
  }

  /** Call when an event could not be stored. */
  writeFailed(error: unknown): void {
    this.#writeWarning.warn(`An event could not be stored, so Google will retry it: ${reasonOf(error)}`);
  }

  /** Call when a request succeeded. */
  available(): void {
    if (!this.#hasWarned.connection && !this.#hasWarned.write) return;
    this.#hasWarned = { connection: false, write: false };
    this.#logger.log('The inbox store is available again.');
  }

  #hasCurrentReason(): boolean {
    return Date.now() - this.#reasonAt < REASON_CURRENT_MS;
  }

  #warnUnavailable(error: unknown): void {
    this.#connectionWarning.warn(
      `The inbox store is unavailable: ${reasonOf(error).replace(/\.$/, '')}. Until it is available, deliveries get 503, which Google retries, and no handler runs.`,
    );
  }

  #warn(what: 'connection' | 'write', line: string): void {
    this.#hasWarned[what] = true;
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
