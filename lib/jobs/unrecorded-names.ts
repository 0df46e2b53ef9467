import { Logger } from '@nestjs/common';
import { messageOf } from '../errors.js';
import { kindOfJobId } from '../events/event-resource.js';
import type { JobTracker } from '../inbox/job-tracker.js';
import { pause } from '../shared/pause.js';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** Starts fail while the store is down, so only those that were waiting for Gemini then are here. */
const MAX_NAMES = 10_000;

/** Names of started jobs that the store could not record yet. Records each one once the store is back. */
export class UnrecordedNames {
  readonly #tracker: Pick<JobTracker, 'rename'>;
  readonly #closing: AbortSignal | undefined;
  readonly #names = new Map<string, string>();
  /** Jobs whose names are being retried: one loop for each. */
  readonly #retried = new Set<string>();
  readonly #logger = new Logger('GeminiWebhooks');

  /** @param closing aborts when the app shuts down */
  constructor(tracker: Pick<JobTracker, 'rename'>, closing: AbortSignal | undefined) {
    this.#tracker = tracker;
    this.#closing = closing;
  }

  /** Returns Gemini's name for a job, if it is known here and not recorded yet. */
  of(id: string): string | undefined {
    return this.#names.get(id);
  }

  /** Records a name, at once if possible. Never rejects: the job runs, and an error must not make the caller start another. */
  async record(id: string, name: string): Promise<void> {
    this.#names.set(id, name);
    try {
      await this.#write(id, name);
    } catch (error) {
      this.#logger.warn(`The name of ${id} could not be recorded yet: ${messageOf(error)}`);
      void this.#recordLater(id);
      this.#limit();
    }
  }

  async #write(id: string, name: string): Promise<void> {
    await this.#tracker.rename(id, name);
    if (this.#names.get(id) === name) this.#names.delete(id);
  }

  async #recordLater(id: string): Promise<void> {
    if (this.#retried.has(id)) return;
    this.#retried.add(id);
    let delayMs = FIRST_RETRY_MS;
    for (let name = this.#names.get(id); name !== undefined; name = this.#names.get(id)) {
      const isLast = this.#closing?.aborted === true;
      if (!isLast) await pause(delayMs, this.#closing).catch(() => undefined);
      delayMs = Math.min(2 * delayMs, MAX_RETRY_MS);
      await this.#write(id, name).catch(() => undefined);
      if (isLast && this.#names.has(id)) this.#giveUp(id, name);
    }
    this.#retried.delete(id);
  }

  /** Removes the oldest names beyond the limit. */
  #limit(): void {
    for (const [id, name] of this.#names) {
      if (this.#names.size <= MAX_NAMES) return;
      this.#giveUp(id, name);
    }
  }

  #giveUp(id: string, name: string): void {
    this.#names.delete(id);
    const then =
      kindOfJobId(id) === 'batch'
        ? 'Polling finds it by its display name.'
        : 'Use jobs.waitFor with that name to follow it.';
    this.#logger.error(`The name ${name} of ${id} was not recorded. ${then}`);
  }
}
