import { Logger } from '@nestjs/common';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import type { JobTracker, TrackedJob } from '../inbox/job-tracker.js';
import { IdempotentStarts } from './idempotent-starts.js';
import { newJobId } from './job-ref.js';
import { JobStarter, type JobPlan } from './job-starter.js';
import type { JobStartsHost } from './job-starts-host.js';
import { isAnswerLost } from './start-refusal.js';

/** Share of `repeatStartAfterMs` that a request may take. */
const TIMEOUT_SHARE = 0.9;

/** Starts jobs: once for each `idempotencyKey`, otherwise on each call. */
export class JobStarts {
  readonly #tracker: JobTracker;
  readonly #polls: boolean;
  readonly #starter: JobStarter;
  readonly #idempotent: IdempotentStarts;
  readonly #logger = new Logger('GeminiWebhooks');

  constructor(host: JobStartsHost) {
    this.#tracker = host.tracker;
    this.#polls = host.checker !== undefined && host.reconcile === true;
    this.#starter = new JobStarter(host.tracker, host.webhooks, host.closing, TIMEOUT_SHARE * host.repeatAfterMs);
    this.#idempotent = new IdempotentStarts(this.#starter, host);
  }

  /** @throws GeminiWebhooksError `invalid_argument` for metadata that cannot be JSON; what the SDK throws */
  async start(plan: JobPlan): Promise<TrackedJob> {
    checkMetadata(plan);
    const { idempotencyKey: key } = plan;
    if (key !== undefined) return this.#idempotent.start(plan, key);
    const id = newJobId(plan.kind);
    try {
      return await this.#starter.start(plan, id);
    } catch (error) {
      if (isAnswerLost(error) && this.#canFind(plan))
        this.#logger.warn(
          `No answer came to the start of ${id}: ${messageOf(error)}. It may run, so polling looks for its display name.`,
        );
      else await this.#forget(id);
      throw error;
    }
  }

  /** True if polling finds a job without a name: by a display name that no other batch has. */
  #canFind({ kind, displayName }: JobPlan): boolean {
    return kind === 'batch' && displayName === undefined && this.#polls;
  }

  async #forget(id: string): Promise<void> {
    try {
      await this.#tracker.remove(id);
    } catch (error) {
      this.#logger.warn(`The job ${id} was not started, and its record could not be removed: ${messageOf(error)}`);
    }
  }
}

/** Metadata is recorded and returned with the job's event, so it must be serializable. */
function checkMetadata({ metadata }: JobPlan): void {
  try {
    JSON.stringify(metadata);
  } catch (cause) {
    const message = `GeminiJobs: the webhook's user metadata is not JSON: ${messageOf(cause)}. Give strings, numbers, lists and objects.`;
    throw new GeminiWebhooksError('invalid_argument', message, { cause });
  }
}
