import { Logger } from '@nestjs/common';
import type { GeminiClient } from '../../config/gemini-client.js';
import { messageOf } from '../../errors.js';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';
import type { GeminiEvent } from '../../events/gemini-event.js';
import { decidedEvent } from '../../events/verified-delivery.js';
import type { JobTracker, JobTracking, JobVerdict, LostJob, LostOutcome, TrackedJob } from '../../inbox/job-tracker.js';
import { OccasionalWarning } from '../../shared/occasional-warning.js';
import { ATTRIBUTES } from '../../telemetry/attributes.js';
import type { Telemetry, TelemetryAttributes } from '../../telemetry/telemetry.js';
import { searchBatch, type BatchSearch, type BelongsToOther } from './batch-poll.js';
import { requestOnce, type ApiFailure } from '../gemini-api.js';
import { pollJob } from './poll-job.js';
import { outcomeOfEvent } from '../job-outcome.js';
import type { EndedJob, JobState } from './job-state.js';
import { lostJob, reconciledDelivery } from './polled-delivery.js';
import { Semaphore } from '../../shared/semaphore.js';

/** Max concurrent polls of one process. */
const MAX_POLLS = 4;
const BUSY_DELAY_MS = 1_000;
const UNANSWERED_DELAY_MS = 10_000;
const RATE_LIMIT_DELAY_MS = 30_000;
/** A date in `Retry-After` may be close, or the clocks differ. */
const MIN_PAUSE_MS = 1_000;

/** Result of polling Gemini: a state, no answer, or postponed by a limit. */
export type PollResult =
  JobState | { readonly is: 'unanswered' } | { readonly is: 'postponed'; readonly delayMs: number };

/** Result of searching for the name of a batch. Without an answer, search again after that time, in milliseconds. */
export type NameSearch = BatchSearch | { readonly is: 'unanswered'; readonly waitMs: number; readonly error?: unknown };

/** Decides if and how a job ended: by its event if there is one, otherwise by one poll. */
export class JobChecker {
  readonly #ai: GeminiClient;
  readonly #registration: string;
  readonly #telemetry: Telemetry | undefined;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #failures = new OccasionalWarning(this.#logger);
  readonly #reportedKinds = new Set<GeminiResourceKind>();
  readonly #polls = new Semaphore(MAX_POLLS);
  /** Time until which Gemini has asked for no more requests, Unix milliseconds. */
  #pausedUntil = 0;
  #records: () => Pick<JobTracker, 'find'> | undefined = () => undefined;

  constructor(ai: GeminiClient, registration: string, telemetry?: Telemetry) {
    this.#ai = ai;
    this.#telemetry = telemetry;
    this.#registration = registration;
  }

  async check(job: TrackedJob, event: GeminiEvent | undefined): Promise<JobVerdict> {
    const settlement = event && outcomeOfEvent(event);
    if (settlement && !isAmbiguous(job, event)) return { is: 'settled', settlement };
    const polled = await this.poll(job);
    if (polled.is === 'postponed') return polled;
    // The event may be the only one, so poll again soon to learn what it means.
    if (polled.is === 'unanswered' && settlement) return { is: 'postponed', delayMs: jittered(UNANSWERED_DELAY_MS) };
    if (polled.is === 'ended') return event ? endedBy(event, job, polled) : this.#found(job, polled);
    if (polled.is === 'running' || polled.is === 'unanswered') return polled;
    // Gemini no longer knows the job, so its event decides.
    if (settlement) return { is: 'settled', settlement };
    return { is: polled.is === 'missing' ? 'missing' : 'running' };
  }

  /**
   * Returns what an engine needs to track jobs with this checker.
   *
   * @param records the engine's job records: a batch of another job is then not mistaken for one without a name
   */
  tracking(
    reconcile: JobTracking['reconcile'],
    records: () => Pick<JobTracker, 'find'> | undefined = () => undefined,
  ): JobTracking {
    this.#records = records;
    return {
      check: (job, event) => this.check(job, event),
      lost: (job, outcome) => this.lost(job, outcome),
      reconcile,
    };
  }

  /** Creates the notice that the outcome of a job is unknown. */
  lost(job: TrackedJob, outcome: LostOutcome): LostJob {
    return lostJob(job, outcome, this.#registration, new Date());
  }

  #found(job: TrackedJob, ended: EndedJob): JobVerdict {
    const { name, outcome, message } = ended;
    if (job.webhook) {
      this.#telemetry?.count('gemini.webhooks.missed_webhooks', this.#attributes(job));
      this.#reportMissingWebhook(job);
    }
    const reconciled = reconciledDelivery(job, name, ended, this.#registration, new Date());
    return { is: 'settled', settlement: { outcome, event: reconciled.event, message }, reconciled };
  }

  #reportMissingWebhook({ id, kind }: TrackedJob): void {
    if (this.#reportedKinds.has(kind)) return;
    this.#reportedKinds.add(kind);
    if (kind === 'video') {
      this.#logger.log(
        `Polling found that the video job ${id} has ended, and its event is delivered. This is normal: Gemini has not sent webhooks for videos so far. ` +
          'Further jobs of this kind are not reported.',
      );
      return;
    }
    this.#logger.warn(
      `No webhook arrived for the ${kind} job ${id}: polling found that it has ended, and its event is delivered. ` +
        'Further jobs of this kind are not reported. If no webhook arrives at all, check publicUrl (GEMINI_WEBHOOK_PUBLIC_URL) with `npx nestjs-gemini-webhooks doctor <url>`.',
    );
  }

  /**
   * Polls once, unless Gemini has asked for a pause or no poll can start within `maxWaitMs`. Never rejects.
   *
   * @param maxWaitMs max wait for other polls, in milliseconds; 0 for a check that has its own schedule
   */
  async poll(job: TrackedJob, { maxWaitMs = 0 }: { readonly maxWaitMs?: number } = {}): Promise<PollResult> {
    const release = await this.#permit(maxWaitMs);
    if (!release) return { is: 'postponed', delayMs: jittered(BUSY_DELAY_MS) };
    try {
      const pauseMs = this.#pausedUntil - Date.now();
      if (pauseMs > 0) return { is: 'postponed', delayMs: jittered(pauseMs) };
      return await this.#request(job);
    } finally {
      release();
    }
  }

  async #request(job: TrackedJob): Promise<PollResult> {
    const attributes = this.#attributes(job);
    const span = this.#telemetry?.start(`poll ${job.kind}`, { attributes });
    const request = () => requestOnce(this.#ai, (ai, options) => pollJob(ai, job, options, this.#belongsToOther(job)));
    const result = await (span ? span.run(request) : request());
    const polled = 'answer' in result ? result.answer : this.#onFailure(job, result.failure);
    const ended = { [ATTRIBUTES.outcome]: polled.is };
    this.#telemetry?.count('gemini.webhooks.polls', { ...attributes, ...ended });
    span?.end({
      attributes: ended,
      ...('failure' in result && polled.is !== 'missing' && { error: result.failure.error }),
    });
    return polled;
  }

  #attributes({ kind }: TrackedJob): TelemetryAttributes {
    return { [ATTRIBUTES.registration]: this.#registration, [ATTRIBUTES.jobKind]: kind };
  }

  async #permit(maxWaitMs: number): Promise<(() => void) | undefined> {
    if (this.#polls.isFree) return this.#polls.acquire();
    if (maxWaitMs === 0) return undefined;
    return this.#polls.acquire(AbortSignal.timeout(maxWaitMs)).catch(() => undefined);
  }

  /** Finds Gemini's name for a batch whose start was interrupted, unless Gemini has asked for a pause. Never rejects. */
  async findName(job: TrackedJob): Promise<NameSearch> {
    const pauseMs = this.#pausedUntil - Date.now();
    if (pauseMs > 0) return { is: 'unanswered', waitMs: jittered(pauseMs) };
    const result = await requestOnce(this.#ai, (ai, { http }) => searchBatch(ai, job, http, this.#belongsToOther(job)));
    if ('answer' in result) return result.answer;
    const { error } = result.failure;
    const failed = this.#onFailure(job, result.failure);
    return {
      is: 'unanswered',
      waitMs: failed.is === 'postponed' ? failed.delayMs : jittered(UNANSWERED_DELAY_MS),
      error,
    };
  }

  #belongsToOther({ id, kind, params }: TrackedJob): BelongsToOther {
    return async (name) => {
      const owner = await this.#records()?.find({ kind, name, params });
      return owner !== undefined && owner.id !== id;
    };
  }

  #onFailure(job: TrackedJob, failure: ApiFailure): PollResult {
    const { error, status, retryAfterMs } = failure;
    if (job.name !== undefined && isNoSuchJob(failure)) return { is: 'missing' };
    this.#failures.warn(`The job ${job.id} could not be polled: ${messageOf(error)}`);
    if (status !== 429 && retryAfterMs === undefined) return { is: 'unanswered' };
    const delayMs = Math.max(retryAfterMs ?? RATE_LIMIT_DELAY_MS, MIN_PAUSE_MS);
    this.#pausedUntil = Math.max(this.#pausedUntil, Date.now() + delayMs);
    return { is: 'postponed', delayMs: jittered(delayMs) };
  }
}

/** Gemini may send a pause for a tool as a completion (seen live), and sends a refused video as one: the status decides. */
function isAmbiguous({ kind, tools }: TrackedJob, { type }: GeminiEvent): boolean {
  return type === 'interaction.completed' && (tools === true || kind === 'video');
}

function endedBy(event: GeminiEvent, { kind }: TrackedJob, { event: decided, outcome, message }: EndedJob): JobVerdict {
  const delivered = kind === 'video' ? decidedEvent(event, decided) : event;
  return { is: 'settled', settlement: { outcome, event: delivered, message } };
}

/** The API responds with 404 for unknown batches and operations, and with 400 for an unknown interaction (seen live). */
function isNoSuchJob({ status, error }: ApiFailure): boolean {
  return status === 404 || (status === 400 && /invalid interaction name/i.test(messageOf(error)));
}

/** Adds up to 20 %, so that not all jobs are polled at the same moment. */
function jittered(delayMs: number): number {
  return Math.round(delayMs * (1 + 0.2 * Math.random()));
}
