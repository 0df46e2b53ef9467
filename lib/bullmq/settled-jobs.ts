import { trackedJobId } from './tracked-job.js';

/** Far below the relay's 512 KiB a message. */
const MAX_BATCH = 5_000;

/** Who waits for which job in this process, and what it tells the others: jobs by BullMQ's ids, which are short. */
export class SettledJobs {
  readonly #publish: (ids: readonly string[]) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  readonly #watchers = new Map<string, Set<() => void>>();
  #untold: string[] = [];
  #telling = false;

  constructor(publish: (ids: readonly string[]) => Promise<void>, onFailure: (error: unknown) => void) {
    this.#publish = publish;
    this.#onFailure = onFailure;
  }

  /** Calls back when the job may have ended. The function returned ends it. */
  watch(id: string, changed: () => void): () => void {
    const key = trackedJobId(id);
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(changed));
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
    };
  }

  /** Some process has seen these jobs end. */
  hear(ids: readonly string[]): void {
    for (const id of ids) for (const changed of this.#watchers.get(id) ?? []) changed();
  }

  /** This process has seen a job end: who waits here hears it now, the others soon. */
  tell(id: string): void {
    const key = trackedJobId(id);
    this.hear([key]);
    this.#untold.push(key);
    if (!this.#telling) void this.#tellOthers();
  }

  /** What ends while a message is on its way goes with the next one. A message that is lost costs a wait until the next poll. */
  async #tellOthers(): Promise<void> {
    this.#telling = true;
    while (this.#untold.length > 0) {
      const batch = this.#untold.splice(0, MAX_BATCH);
      await this.#publish(batch).catch(this.#onFailure);
    }
    this.#telling = false;
  }
}
