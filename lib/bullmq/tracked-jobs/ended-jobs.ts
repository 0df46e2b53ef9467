import { Watchers } from '../../shared/watchers.js';
import { trackedJobId } from './tracked-job.js';

/** Keeps a message far below the relay's limit of 512 KiB. */
const MAX_BATCH = 5_000;

/** Notifies watchers in all processes of ended jobs. Messages contain BullMQ's job ids, which are short. */
export class EndedJobs {
  readonly #publishToPeers: (ids: readonly string[]) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  readonly #watchers = new Watchers();
  #unpublished: string[] = [];
  #isPublishing = false;

  constructor(publishToPeers: (ids: readonly string[]) => Promise<void>, onFailure: (error: unknown) => void) {
    this.#publishToPeers = publishToPeers;
    this.#onFailure = onFailure;
  }

  /** Calls `changed` when the job may have ended, until the returned function is called. */
  watch(id: string, changed: () => void): () => void {
    return this.#watchers.add(trackedJobId(id), changed);
  }

  /** Notifies this process's watchers of jobs that ended in any process. */
  receive(ids: readonly string[]): void {
    for (const id of ids) this.#watchers.notify(id);
  }

  /** Publishes that a job ended in this process: to its own watchers now, to peers soon. */
  publish(id: string): void {
    const key = trackedJobId(id);
    this.receive([key]);
    this.#unpublished.push(key);
    if (!this.#isPublishing) void this.#publishAll();
  }

  /** Jobs that end while a message is in flight go into the next one. After a lost message, watchers wait for their next poll. */
  async #publishAll(): Promise<void> {
    this.#isPublishing = true;
    while (this.#unpublished.length > 0) {
      const batch = this.#unpublished.splice(0, MAX_BATCH);
      await this.#publishToPeers(batch).catch(this.#onFailure);
    }
    this.#isPublishing = false;
  }
}
