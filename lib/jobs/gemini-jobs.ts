import type { CreateBatchJobParameters, File, GenerateVideosParameters, GoogleGenAI } from '@google/genai';
import type { OnModuleDestroy } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import type { Writable } from 'node:stream';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { outputUri } from '../events/event-resource.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { JobTracker, TrackedJob } from '../inbox/job-tracker.js';
import type { BatchInputRequests } from './batch-input-lines.js';
import { batchInput, type BatchInputOptions } from './batch-input.js';
import { batchResults, type BatchResult } from './batch-results.js';
import type { CompletedOptions, GeminiJob, GeminiJobCompletion } from './gemini-job.js';
import {
  batchPlan,
  interactionPlan,
  modelOfOperation,
  videoPlan,
  type CreateInteractionParameters,
  type ExtendVideoParameters,
} from './job-plans.js';
import { describedJob, type DescribedJob, type GeminiJobRef } from './job-ref.js';
import { JobStarter, type JobPlan } from './job-starter.js';
import { completion } from './job-waiting.js';
import type { GeminiWebhookConfig, JobRouteOptions, JobWebhooks, WebhookConfigOptions } from './job-webhooks.js';

import type { TransferOptions } from './resumable-download.js';
import { downloadVideo, type VideoDownloadOptions } from './video-download.js';

/** Starts jobs on the Gemini API, and tells how they ended, in any process of the fleet. */
export class GeminiJobs implements OnModuleDestroy {
  readonly #ai: GoogleGenAI | undefined;
  readonly #tracker: JobTracker | undefined;
  readonly #webhooks: JobWebhooks;
  readonly #closing = new AbortController();

  constructor(ai: GoogleGenAI | undefined, tracker: JobTracker | undefined, webhooks: JobWebhooks) {
    this.#ai = ai;
    this.#tracker = tracker;
    this.#webhooks = webhooks;
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * Starts a batch whose events come back to this app. Parameters are those of `ai.batches.create`; a batch without a
   * `displayName` gets one.
   *
   * @example
   * const job = await jobs.createBatch({ model: 'gemini-3-flash', src: 'files/…' });
   * const event = await job.completed();
   *
   * @throws what the SDK throws; GeminiWebhooksError `invalid_option` without a client or `publicUrl`,
   *   `inbox_unavailable` while the inbox's store is away (nothing was started then)
   */
  async createBatch(params: CreateBatchJobParameters, route: JobRouteOptions = {}): Promise<GeminiJob<'batch'>> {
    return this.#start(batchPlan(this.#client(), params, route));
  }

  /**
   * Starts a video. Parameters are those of `ai.models.generateVideos`.
   *
   * @throws as `createBatch`
   */
  async generateVideos(params: GenerateVideosParameters, route: JobRouteOptions = {}): Promise<GeminiJob<'video'>> {
    return this.#start(videoPlan(this.#client(), params, route));
  }

  /**
   * Makes a video longer: by 7 s, at most 20 times, to 148 s (Veo 3.1). Waits for the video first, when it is not ready.
   *
   * @example
   * @OnGeminiEvent('video.generated')
   * async next(event: GeminiEventOf<'video.generated'>) { await this.jobs.extendVideo(event, { prompt: scenes.next() }); }
   *
   * @param ref the video: its job, its event, or the name of its operation
   * @throws as `generateVideos`, and as `waitFor` when there is no video to extend
   */
  async extendVideo(
    ref: GeminiJobRef,
    { prompt, model, ...params }: ExtendVideoParameters,
    { timeoutMs, signal, ...route }: JobRouteOptions & CompletedOptions = {},
  ): Promise<GeminiJob<'video'>> {
    const uri = await this.#videoOf(ref, { timeoutMs, signal });
    return this.generateVideos(
      {
        ...params,
        model: model ?? modelOfOperation(await this.#nameOf(ref)),
        source: { video: { uri }, ...(prompt !== undefined && { prompt }) },
      },
      route,
    );
  }

  /**
   * Starts an interaction in the background: deep research, or a model with tools. Parameters are those of
   * `ai.interactions.create`.
   *
   * @throws as `createBatch`; `invalid_argument` for a stream or `background: false`, of which no webhook tells
   */
  async createInteraction(
    params: CreateInteractionParameters,
    route: JobRouteOptions = {},
  ): Promise<GeminiJob<'interaction'>> {
    return this.#start(interactionPlan(this.#client(), params, route));
  }

  /**
   * The dynamic webhook of a job that you start with the SDK yourself. Its URI and metadata carry the token by which the
   * delivery will prove that it is for this deployment.
   *
   * @example
   * await ai.batches.create({ model, src, config: { webhookConfig: await jobs.webhookConfig({ metadata: { orderId } }) } });
   *
   * @throws GeminiWebhooksError `invalid_option` when `publicUrl` or a key for binding is missing, `invalid_argument` for
   *   a wrong `uri` or a missing parameter
   */
  async webhookConfig(options: WebhookConfigOptions = {}): Promise<GeminiWebhookConfig> {
    return this.#webhooks.make(options);
  }

  /**
   * Tracks a job that was started elsewhere: its end is looked up when its webhook does not come.
   *
   * @throws GeminiWebhooksError `invalid_argument` for what names no job, `invalid_option` without a client
   */
  async track(ref: GeminiJobRef, { params }: Pick<JobRouteOptions, 'params'> = {}): Promise<GeminiJob> {
    this.#client();
    const described = describedJob(ref, params);
    const known = await this.#find(described);
    if (known) return this.#handle(known);
    const job = { ...described, createdAt: Date.now() };
    await this.#trackerOf().add(job);
    return this.#handle(job);
  }

  /**
   * Resolves with the event of success of any job, also one that has ended already or was started elsewhere.
   *
   * @throws as `GeminiJob.completed` and `track`
   */
  async waitFor(
    ref: GeminiJobRef,
    { params, ...options }: CompletedOptions & Pick<JobRouteOptions, 'params'> = {},
  ): Promise<GeminiJobCompletion[GeminiResourceKind]> {
    const job = await this.track(ref, { ...(params && { params }) });
    return job.completed(options);
  }

  /**
   * Writes a batch's requests as JSONL and uploads them, at constant memory: the input of a batch of any size up to
   * 2 GB. Requests are `{ key, request }`.
   *
   * @example
   * const file = await jobs.batchInput(requests());
   * const job = await jobs.createBatch({ model: 'gemini-3-flash', src: file.name! });
   *
   * @throws GeminiWebhooksError `invalid_argument` for no request at all, one without key or contents, or over 2 GB;
   *   what the iterable throws; the SDK's errors for what the API refuses
   */
  async batchInput(requests: BatchInputRequests, options: BatchInputOptions = {}): Promise<File> {
    return batchInput(this.#client(), requests, options);
  }

  /**
   * A batch's output, one result after the other, read as a stream at constant memory. Its job must have ended.
   *
   * @example
   * for await (const { key, response, error } of jobs.batchResults(event)) …
   *
   * @throws GeminiWebhooksError `invalid_argument` when there is no output that can be read here, `transfer_failed` when
   *   the file changed or ended too early; the SDK's errors for what the API refuses
   */
  async *batchResults(ref: GeminiJobRef, options: TransferOptions = {}): AsyncGenerator<BatchResult, void, undefined> {
    const ai = this.#client();
    const known = isEvent(ref) ? outputUri(ref) : undefined;
    const batch = known === undefined ? await this.#nameOf(ref) : { dest: { fileName: known } };
    yield* batchResults(ai, batch, options);
  }

  /**
   * Downloads a job's video as a stream, once it is ready. A path gets its file when all of it is there.
   *
   * @param ref the video's job or event, or where the video is (`files/…`, a URI)
   * @throws GeminiWebhooksError `invalid_argument` for a `gs:` URI, `transfer_failed` when the file changed or ended too
   *   early; as `waitFor` when the job has no video; the SDK's `ApiError` for what the API refuses
   */
  async downloadVideo(
    ref: GeminiJobRef,
    destination: string | Writable,
    options: VideoDownloadOptions = {},
  ): Promise<void> {
    const ai = this.#client();
    const isPlace = typeof ref === 'string' && /^(files\/|[a-z]+:\/\/)/.test(ref);
    const uri = isPlace ? ref : await this.#videoOf(ref, options);
    await downloadVideo(ai, uri, destination, options);
  }

  async #videoOf(ref: GeminiJobRef, { timeoutMs, signal }: CompletedOptions): Promise<string> {
    const event = isEvent(ref) ? ref : await this.waitFor(ref, { timeoutMs, signal });
    const uri = outputUri(event);
    if (event.type === 'video.generated' && uri !== undefined) return uri;
    throw new GeminiWebhooksError('invalid_argument', `GeminiJobs: ${event.type} has no video.`);
  }

  async #nameOf(ref: GeminiJobRef): Promise<string> {
    const described = describedJob(ref);
    const name = (await this.#find(described))?.name ?? described.name;
    if (name !== undefined) return name;
    throw new GeminiWebhooksError('invalid_argument', `GeminiJobs: Gemini's name of ${described.id} is not known.`);
  }

  async #find({ id, kind, name, params }: DescribedJob): Promise<TrackedJob | undefined> {
    const tracker = this.#trackerOf();
    return (await tracker.find({ id })) ?? (name === undefined ? undefined : tracker.find({ kind, name, params }));
  }

  #handle<Kind extends GeminiResourceKind>({ id, kind, name }: TrackedJob): GeminiJob<Kind> {
    const completed = (options: CompletedOptions = {}) =>
      completion<Kind>(this.#trackerOf(), id, options, this.#closing.signal);
    return { id, kind: kind as Kind, name, completed };
  }

  #client(): GoogleGenAI {
    if (this.#ai) return this.#ai;
    throw new GeminiWebhooksError(
      'invalid_option',
      'GeminiJobs: there is no Gemini client. Set GEMINI_API_KEY, or give the gemini option.',
    );
  }

  #trackerOf(): JobTracker {
    if (this.#tracker) return this.#tracker;
    throw new GeminiWebhooksError(
      'invalid_option',
      'GeminiJobs: this inbox tracks no jobs. Use inlineInbox or bullmqInbox.',
    );
  }

  async #start<Kind extends GeminiResourceKind>(plan: JobPlan): Promise<GeminiJob<Kind>> {
    return this.#handle(await new JobStarter(this.#trackerOf(), this.#webhooks).start(plan));
  }

  onModuleDestroy(): void {
    this.#closing.abort(new GeminiWebhooksError('closed', 'The app shut down before the job ended.'));
  }
}

function isEvent(ref: GeminiJobRef): ref is GeminiEvent {
  return typeof ref === 'object' && 'delivery' in ref;
}
