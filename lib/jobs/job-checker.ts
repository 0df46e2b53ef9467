import { Logger } from '@nestjs/common';
import type { GoogleGenAI } from '@google/genai';
import { messageOf } from '../errors.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { JobVerdict, TrackedJob } from '../inbox/job-tracker.js';
import { OccasionalWarning } from '../occasional-warning.js';
import { ask, type ApiFailure } from './gemini-api.js';
import { lookUpJob } from './job-lookup.js';
import { settlementOf } from './job-settlement.js';
import type { EndedJob, JobState } from './job-state.js';
import { reconciledDelivery } from './reconciled-delivery.js';

/** How many look-ups one process has under way. */
const LOOKUPS_AT_ONCE = 4;
const BUSY_DELAY_MS = 1_000;
const RATE_LIMIT_DELAY_MS = 30_000;

/** What a look-up came to: an answer, or none, or no question. */
export type LookupResult =
  JobState | { readonly is: 'unanswered' } | { readonly is: 'postponed'; readonly delayMs: number };

/** Decides whether and how a job has ended: by its event where there is one, else by one question to Gemini. */
export class JobChecker {
  readonly #ai: GoogleGenAI;
  readonly #registration: string;
  readonly #trouble = new OccasionalWarning(new Logger('GeminiWebhooks'));
  #underWay = 0;
  /** Until when Gemini has asked to be left alone, Unix milliseconds. */
  #quietUntil = 0;

  constructor(ai: GoogleGenAI, registration: string) {
    this.#ai = ai;
    this.#registration = registration;
  }

  async check(job: TrackedJob, event: GeminiEvent | undefined): Promise<JobVerdict> {
    const settlement = event && settlementOf(event);
    // With tools, a pause may come as a completion (seen live): the status decides.
    const isSure = event?.type !== 'interaction.completed' || !job.tools;
    if (settlement && isSure) return { is: 'settled', settlement };
    const asked = await this.lookUp(job);
    if (asked.is === 'postponed') return asked;
    if (asked.is === 'ended') {
      const { outcome, message } = asked;
      const reconciled = event ? undefined : this.#deliveryOf(job, asked);
      return { is: 'settled', settlement: { outcome, event: event ?? reconciled?.event, message }, reconciled };
    }
    // Gemini does not know the job any more: what its event said is all there is.
    if (settlement && asked.is === 'unknown') return { is: 'settled', settlement };
    return { is: 'running' };
  }

  #deliveryOf(job: TrackedJob, { name, event }: EndedJob) {
    return event && reconciledDelivery(job, name, event, this.#registration, new Date());
  }

  /** One question to Gemini, unless too many are under way or it has asked for a pause. Never rejects. */
  async lookUp(job: TrackedJob): Promise<LookupResult> {
    const pauseMs = this.#quietUntil - Date.now();
    if (pauseMs > 0) return { is: 'postponed', delayMs: jittered(pauseMs) };
    if (this.#underWay >= LOOKUPS_AT_ONCE) return { is: 'postponed', delayMs: jittered(BUSY_DELAY_MS) };
    this.#underWay += 1;
    try {
      const asked = await ask(this.#ai, (options) => lookUpJob(this.#ai, job, options));
      return 'answer' in asked ? asked.answer : this.#onFailure(job, asked.failure);
    } finally {
      this.#underWay -= 1;
    }
  }

  #onFailure(job: TrackedJob, { error, status, retryAfterMs }: ApiFailure): LookupResult {
    if (status === 404 && job.name !== undefined) {
      return { is: 'ended', name: job.name, outcome: 'not_found', message: 'Gemini knows no such job' };
    }
    this.#trouble.warn(`The job ${job.id} could not be looked up: ${messageOf(error)}`);
    if (status !== 429 && retryAfterMs === undefined) return { is: 'unanswered' };
    const delayMs = retryAfterMs ?? RATE_LIMIT_DELAY_MS;
    this.#quietUntil = Math.max(this.#quietUntil, Date.now() + delayMs);
    return { is: 'postponed', delayMs: jittered(delayMs) };
  }
}

/** Never sooner than asked for; not all at once. */
function jittered(delayMs: number): number {
  return Math.round(delayMs * (1 + 0.2 * Math.random()));
}
