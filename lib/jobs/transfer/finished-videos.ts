import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiEvent } from '../../events/gemini-event.js';
import type { CompletedOptions } from '../gemini-job.js';
import { interactionId } from '../polling/interaction-poll.js';
import { checkInteractionId } from './interaction-reader.js';
import { isEvent, type JobAccess } from '../job-access.js';
import type { JobChecker, PollResult } from '../polling/job-checker.js';
import { describedJob, type GeminiJobRef } from '../job-ref.js';
import { isOperation } from '../polling/operation-poll.js';
import { checkTimeout } from '../timeout-check.js';
import type { VideoSource } from './video-download.js';
import { videoSourceOf } from './video-source.js';

/** A finished video. */
export interface FinishedVideo {
  /** Id of the interaction that created it. */
  readonly id: string;
  readonly model: string | undefined;
  /** URI or file name (`files/…`), if an event contained it. */
  readonly file: string | undefined;
  /** False if only the interaction is known to have completed, which may have created no video. */
  readonly isCertain: boolean;
}

/** Finds the video of a job, and waits for it if the job still runs. */
export class FinishedVideos {
  readonly #access: JobAccess;
  readonly #checker: JobChecker | undefined;

  constructor(access: JobAccess, checker: JobChecker | undefined) {
    this.#access = access;
    this.#checker = checker;
  }

  /**
   * @throws GeminiWebhooksError `invalid_argument` if the job is not a video; GeminiJobError if it created none;
   *   TimeoutError; the signal's reason
   */
  async find(ref: GeminiJobRef, options: CompletedOptions): Promise<FinishedVideo> {
    const described = describedJob(ref);
    if (described.kind === 'batch') throw noVideo(`${described.id} is a batch`);
    const job = await this.#access.find(described);
    const name = job?.name ?? described.name;
    const of = (event: Pick<GeminiEvent, 'data' | 'resource' | 'type'> | undefined): FinishedVideo => ({
      // An event may have another name for the job, such as that of its video.
      id: interactionId(job?.name ?? event?.resource?.name ?? name ?? described.id),
      model: job?.model,
      file: event && videoSourceOf(event),
      isCertain: event?.type !== 'interaction.completed',
    });
    if (isEvent(ref)) {
      if (ref.type === 'video.generated' || ref.type === 'interaction.completed') return of(ref);
      throw noVideo(`a ${ref.type} event has none`);
    }
    // An invalid name would be polled for days.
    if (!job && name !== undefined && !isOperation({ name })) checkInteractionId(interactionId(name));
    // A job without a record was started elsewhere, and most likely has ended.
    if (!job && name !== undefined && (await this.#hasEnded({ ...described, name }))) return of(undefined);
    const tracked = await this.#access.track({ ...described, kind: 'video' });
    const event = await tracked.completed(options);
    return of(event);
  }

  /** Finds the video of a job like `find`, and checks that a paid request can extend it. */
  async extendable(ref: GeminiJobRef, options: CompletedOptions): Promise<FinishedVideo> {
    const found = await this.find(ref, options);
    if (found.isCertain) return found;
    const polled = await this.#poll({ ...describedJob(found.id), name: found.id });
    if (polled?.is === 'ended' && polled.outcome !== 'succeeded') throw noVideo(`${found.id} completed without one`);
    return found;
  }

  /** Returns the location of a video; a URI or `files/…` is returned unchanged. Waits for its job like `find`. */
  async source(ref: GeminiJobRef, options: CompletedOptions): Promise<VideoSource> {
    if (options.timeoutMs !== undefined) checkTimeout('outputVideo', options.timeoutMs);
    if (typeof ref === 'string' && /^(files\/|[a-z]+:\/\/)/.test(ref)) return ref;
    const { file, id } = await this.find(ref, options);
    return file ?? { interaction: id };
  }

  async #hasEnded(described: ReturnType<typeof describedJob>): Promise<boolean> {
    const polled = await this.#poll(described);
    return polled?.is === 'ended' && polled.outcome === 'succeeded';
  }

  async #poll(described: ReturnType<typeof describedJob>): Promise<PollResult | undefined> {
    return this.#checker?.poll({ ...described, kind: 'video', createdAt: Date.now() });
  }
}

function noVideo(why: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiJobs: there is no video: ${why}.`);
}
