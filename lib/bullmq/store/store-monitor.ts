import { withTimeout } from '../../shared/timeouts.js';
import { ANSWER_TIMEOUT_MS, type DeliveryQueue } from './inbox-store.js';
import type { StoreOutages } from './store-outages.js';

const INTERVAL_MS = 4_000;
/** Interval after a failure. */
const RETRY_MS = 500;
/** A single failure can be a restarted connection or a busy moment. Two of them take less than 10 s to detect. */
const FAILURES = 2;
/** A request that took this much longer than its timeout shows that the process was busy, and nothing about the store. */
const BUSY_MS = 500;
/** Id of a job that does not exist: reading it is a small request. */
const JOB_ID = 'monitor';

/**
 * Notices when the store goes away and when it is back by sending it a small request every few seconds: BullMQ reconnects
 * without a report, and a process without deliveries has no failed request that would show the outage.
 */
export class StoreMonitor {
  readonly #outages: Pick<StoreOutages, 'probeFailed' | 'probeSucceeded'>;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #failures = 0;

  constructor(outages: Pick<StoreOutages, 'probeFailed' | 'probeSucceeded'>) {
    this.#outages = outages;
  }

  start(queue: Pick<DeliveryQueue, 'getJob'>): void {
    if (this.#isStopped) return;
    const delayMs = this.#failures === 1 ? RETRY_MS : INTERVAL_MS;
    this.#timer = setTimeout(() => void this.#check(queue).finally(() => this.start(queue)), delayMs).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #check(queue: Pick<DeliveryQueue, 'getJob'>): Promise<void> {
    const startedAt = performance.now();
    try {
      await withTimeout(queue.getJob(JOB_ID), ANSWER_TIMEOUT_MS, 'the store did not answer');
      this.#failures = 0;
      if (!this.#isStopped) this.#outages.probeSucceeded();
    } catch (error) {
      if (performance.now() - startedAt > ANSWER_TIMEOUT_MS + BUSY_MS) return;
      this.#failures += 1;
      if (!this.#isStopped && this.#failures >= FAILURES) this.#outages.probeFailed(error);
    }
  }
}
