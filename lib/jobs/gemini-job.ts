import { GeminiWebhooksError, type GeminiJobErrorCode } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import type { GeminiEvent, GeminiEventOf } from '../events/gemini-event.js';

/** The success event of each kind of job. */
export interface GeminiJobCompletion {
  batch: GeminiEventOf<'batch.succeeded'>;
  video: GeminiEventOf<'video.generated'>;
  interaction: GeminiEventOf<'interaction.completed'>;
}

/** Options of waiting for a job. */
export interface CompletedOptions {
  /**
   * Max wait in milliseconds.
   * @default no limit; after `jobs.reconcile.untilMs` the outcome counts as unknown
   */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of `GeminiJobs.waitFor`. */
export interface JobWaitOptions extends CompletedOptions {
  /** Values for the parameters of the route on which the job's event arrives. */
  readonly params?: Readonly<Record<string, string>>;
}

/** A job on the Gemini API. Another process needs only its `id` to wait for it. */
export interface GeminiJob<Kind extends GeminiResourceKind = GeminiResourceKind> {
  /** Our own id. Every process on the same store can wait for the job by it. */
  readonly id: string;
  readonly kind: Kind;
  /** Gemini's resource name: `batches/…`, `models/…/operations/…`, an interaction's id. */
  readonly name: string | undefined;
  /**
   * Resolves with the success event.
   *
   * @throws GeminiJobError when the job does not succeed; TimeoutError after `timeoutMs`; the signal's reason when it
   *   aborts; GeminiWebhooksError `closed` when the app shuts down
   */
  completed(options?: CompletedOptions): Promise<GeminiJobCompletion[Kind]>;
}

/** Thrown when a job ended without success. `code` says how. */
export class GeminiJobError extends GeminiWebhooksError {
  override readonly name = 'GeminiJobError';
  declare readonly code: GeminiJobErrorCode;

  constructor(
    code: GeminiJobErrorCode,
    message: string,
    /** The job's id, as `GeminiJob.id`. */
    readonly job: string,
    /** Event of the end, if there is one. */
    readonly event?: GeminiEvent,
  ) {
    super(code, message);
  }
}
