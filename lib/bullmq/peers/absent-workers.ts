import type { Logger } from '@nestjs/common';
import { DISCONNECTED_AFTER_MS, type RosterEntry } from './handler-roster.js';

/** How often the warning is repeated, in milliseconds. */
const REPEAT_MS = 15 * 60_000;

/** In a process that only receives, warns when no worker has sent a heartbeat for a while, and logs when one is back. */
export class AbsentWorkers {
  readonly #logger: Pick<Logger, 'warn' | 'log'>;
  readonly #queueName: string;
  readonly #afterMs: number;
  readonly #now: () => number;
  #lastHeartbeatAt = -Infinity;
  #absentSince = 0;
  #warnedAt: number | undefined;

  constructor(
    logger: Pick<Logger, 'warn' | 'log'>,
    {
      queueName,
      afterMs,
      now = Date.now,
    }: { readonly queueName: string; readonly afterMs: number; readonly now?: () => number },
  ) {
    this.#logger = logger;
    this.#queueName = queueName;
    this.#afterMs = afterMs;
    this.#now = now;
  }

  /** Called for each heartbeat, including this process's own: heartbeats drive the check. */
  onHeartbeat({ works }: Pick<RosterEntry, 'works'>): void {
    const now = this.#now();
    // No heartbeat could arrive during an outage of the store.
    if (now - this.#lastHeartbeatAt > DISCONNECTED_AFTER_MS) this.#absentSince = now;
    this.#lastHeartbeatAt = now;
    if (works) this.#onWorker(now);
    else if (now - this.#absentSince >= this.#afterMs) this.#warn(now);
  }

  #onWorker(now: number): void {
    this.#absentSince = now;
    if (this.#warnedAt === undefined) return;
    this.#warnedAt = undefined;
    this.#logger.log(`A worker serves the queue "${this.#queueName}" now.`);
  }

  #warn(now: number): void {
    if (this.#warnedAt !== undefined && now - this.#warnedAt < REPEAT_MS) return;
    this.#warnedAt = now;
    this.#logger.warn(
      `No worker serves the queue "${this.#queueName}": events are stored, but no handler runs. ` +
        'Start a process with this queue and without `workers: false`.',
    );
  }
}
