import type { GeminiInboxStats, InboxHealth, InboxWorkerState } from '../inbox/inbox-stats.js';
import { withTimeout } from '../shared/timeouts.js';
import type { DeliveryJobData } from './store/delivery-job.js';
import type { DrainingWorker } from './store/draining-worker.js';
import { ANSWER_TIMEOUT_MS, type DeliveryQueue, type InboxStore } from './store/inbox-store.js';
import type { Peers } from './peers/peers.js';
import { queueStats } from './store/queue-stats.js';
import { openWithin, type Supervised } from './store/supervised.js';

/** Id of a job that does not exist: reading it is a small request. */
const PROBE_JOB_ID = 'health';

/** Parts of a started inbox. */
export interface InboxStatusParts {
  readonly store: Pick<InboxStore, 'stats'>;
  readonly queue: Supervised<DeliveryQueue>;
  readonly peers: Pick<Peers, 'hasWorkers'>;
  /** Absent in a process with `workers: false`. */
  readonly worker: DrainingWorker<DeliveryJobData, void> | undefined;
}

/** Counts of a started inbox, and the state of its store and worker. */
export class InboxStatus {
  readonly #parts: InboxStatusParts;
  /** @throws GeminiWebhooksError `inbox_unavailable` */
  readonly stats: () => Promise<GeminiInboxStats>;

  constructor(parts: InboxStatusParts) {
    this.#parts = parts;
    this.stats = queueStats(async () => parts.store.stats(await openWithin(parts.queue, ANSWER_TIMEOUT_MS)));
  }

  async health(): Promise<InboxHealth> {
    // Answers at once while the first connection is made: a readiness probe has its own timeout.
    const queue = this.#parts.queue.current;
    if (!queue) return { store: 'connecting', worker: await this.#workerState() };
    const [isUp, stats, worker] = await Promise.all([
      // Not by the counts: PostgreSQL takes long to count millions of jobs.
      answers(queue),
      this.stats().catch(() => undefined),
      this.#workerState(),
    ]);
    return isUp ? { store: 'up', worker, ...(stats && { stats }) } : { store: 'unavailable', worker };
  }

  async #workerState(): Promise<InboxWorkerState> {
    const { worker, peers } = this.#parts;
    if (worker) return worker.state;
    const hasWorkers = await withTimeout(peers.hasWorkers(), ANSWER_TIMEOUT_MS, 'the store did not answer').catch(
      () => undefined,
    );
    if (hasWorkers === undefined) return 'starting';
    return hasWorkers ? 'elsewhere' : 'absent';
  }
}

async function answers(queue: DeliveryQueue): Promise<boolean> {
  try {
    await withTimeout(queue.getJob(PROBE_JOB_ID), ANSWER_TIMEOUT_MS, 'the store did not answer');
    return true;
  } catch {
    return false;
  }
}
