import { GeminiWebhooksError, type GeminiJobErrorCode } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { GeminiEvent, GeminiEventOf } from '../events/gemini-event.js';

/** The event of success of each kind of job. */
export interface GeminiJobCompletion {
  batch: GeminiEventOf<'batch.succeeded'>;
  video: GeminiEventOf<'video.generated'>;
  interaction: GeminiEventOf<'interaction.completed'>;
}

/** For how long, and whether still. */
export interface CompletedOptions {
  /**
   * In milliseconds.
   * @default as long as it takes; after `jobs.reconcile.untilMs` nobody will know any more
   */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A job that runs on the Gemini API. Plain enough to be kept: `id` is all that another process needs to wait for it. */
export interface GeminiJob<Kind extends GeminiResourceKind = GeminiResourceKind> {
  /** Our own id. Any process of the fleet awaits the job by it. */
  readonly id: string;
  readonly kind: Kind;
  /** Gemini's resource name: `batches/…`, `models/…/operations/…`, an interaction's id. */
  readonly name: string | undefined;
  /**
   * Resolves with the event of success.
   *
   * @throws GeminiJobError when the job ends otherwise; TimeoutError after `timeoutMs`; the signal's reason when it
   *   aborts; GeminiWebhooksError `closed` when the app shuts down
   */
  completed(options?: CompletedOptions): Promise<GeminiJobCompletion[Kind]>;
}

/** A job ended, and did not succeed. `code` says how. */
export class GeminiJobError extends GeminiWebhooksError {
  override readonly name = 'GeminiJobError';
  declare readonly code: GeminiJobErrorCode;

  constructor(
    code: GeminiJobErrorCode,
    message: string,
    /** The job's id, as `GeminiJob.id`. */
    readonly job: string,
    /** The event that said so; Gemini announces only some ends. */
    readonly event?: GeminiEvent,
  ) {
    super(code, message);
  }
}
