import { Logger } from '@nestjs/common';
import type { BatchJob, GoogleGenAI } from '@google/genai';
import { loadedClient, type GeminiClient } from '../config/gemini-client.js';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { outputUri } from '../events/event-resource.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { JobTracker, TrackedJob } from '../inbox/job-tracker.js';
import { OccasionalWarning } from '../shared/occasional-warning.js';
import type { CompletedOptions, GeminiJob } from './gemini-job.js';
import { describedJob, type DescribedJob, type GeminiJobRef } from './job-ref.js';
import type { JobStarts } from './job-starts.js';
import { waitForSuccess } from './job-completion.js';

const UNKNOWN_JOB =
  'it cannot be polled without the name that Gemini gave it, so only its event can end it. Check the id, and that the process that started the job has the same store, queueName and module instance. ' +
  'A record is removed 48 h after the end of its job, and with an inline inbox when its process ends.';

/** Finds jobs by their references, and creates the handles that callers receive. */
export class JobAccess {
  readonly #ai: GeminiClient | undefined;
  readonly #tracker: JobTracker | undefined;
  readonly #starts: JobStarts | undefined;
  readonly #closing: AbortSignal;
  readonly #unknown = new OccasionalWarning(new Logger('GeminiWebhooks'));

  /** @param closing aborts when the app shuts down */
  constructor(
    ai: GeminiClient | undefined,
    tracker: JobTracker | undefined,
    starts: JobStarts | undefined,
    closing: AbortSignal,
  ) {
    this.#ai = ai;
    this.#tracker = tracker;
    this.#starts = starts;
    this.#closing = closing;
  }

  /** @throws GeminiWebhooksError `invalid_option` without one */
  async client(): Promise<GoogleGenAI> {
    return loadedClient(this.#clientOrThrow());
  }

  #clientOrThrow(): GeminiClient {
    if (this.#ai) return this.#ai;
    throw new GeminiWebhooksError(
      'invalid_option',
      'GeminiJobs: there is no Gemini client. Set GEMINI_API_KEY, or give the gemini option.',
    );
  }

  /** @throws GeminiWebhooksError `invalid_option` without one */
  get tracker(): JobTracker {
    return this.#tracker ?? noTracking();
  }

  /** @throws GeminiWebhooksError `invalid_option` without a tracker */
  get starts(): JobStarts {
    return this.#starts ?? noTracking();
  }

  async find({ id, kind, name, params }: DescribedJob): Promise<TrackedJob | undefined> {
    const { tracker } = this;
    return (await tracker.find({ id })) ?? (name === undefined ? undefined : tracker.find({ kind, name, params }));
  }

  /** Tracks a job unless it is already tracked. @throws GeminiWebhooksError `invalid_option` without a client to poll it */
  async track(described: DescribedJob): Promise<GeminiJob> {
    this.#clientOrThrow();
    const known = await this.find(described);
    if (known) return this.handle(known);
    const job = { ...described, createdAt: Date.now() };
    await this.tracker.add(job);
    if (job.name === undefined) this.#unknown.warn(`The job ${job.id} has no record here: ${UNKNOWN_JOB}`);
    return this.handle(job);
  }

  /**
   * Returns the location of a batch's output: the file that its event names, otherwise the batch's name.
   *
   * @throws GeminiWebhooksError `invalid_argument` if Gemini's name is not known
   */
  async batchOutputOf(ref: GeminiJobRef): Promise<string | Pick<BatchJob, 'dest'>> {
    const fileName = isEvent(ref) ? outputUri(ref) : undefined;
    if (fileName !== undefined) return { dest: { fileName } };
    const described = describedJob(ref);
    const name = (await this.find(described))?.name ?? described.name;
    if (name !== undefined) return name;
    throw new GeminiWebhooksError('invalid_argument', `GeminiJobs: Gemini's name of ${described.id} is not known.`);
  }

  handle<Kind extends GeminiResourceKind>({ id, kind, name }: TrackedJob): GeminiJob<Kind> {
    const completed = (options: CompletedOptions = {}) =>
      waitForSuccess<Kind>(this.tracker, id, options, this.#closing);
    return { id, kind: kind as Kind, name, completed };
  }
}

export function isEvent(ref: GeminiJobRef): ref is GeminiEvent {
  return typeof ref === 'object' && ref !== null && 'delivery' in ref;
}

function noTracking(): never {
  throw new GeminiWebhooksError(
    'invalid_option',
    'GeminiJobs: this inbox tracks no jobs. Use inlineInbox or bullmqInbox.',
  );
}
