import type { CreateBatchJobParameters, File, GenerateVideosParameters } from '@google/genai';
import type { CreateEmbeddingsBatchJobParameters as EmbeddingBatch } from '@google/genai';
import type { OnModuleDestroy } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import type { Writable } from 'node:stream';
import type { GeminiClient } from '../config/gemini-client.js';
import { GeminiWebhooksError } from '../errors.js';
import type { GeminiResourceKind } from '../events/event-catalogue.js';
import { callOptions } from '../shared/check-object.js';
import type { JobTracker } from '../inbox/job-tracker.js';
import type { BatchInputRequests } from './transfer/batch-input-lines.js';
import { batchInput, type BatchInputOptions } from './transfer/batch-input.js';
import { batchResults, type BatchResult } from './transfer/batch-results.js';
import { embeddingResults, type EmbeddingResult } from './transfer/embedding-results.js';
import { FinishedVideos } from './transfer/finished-videos.js';
import type { CompletedOptions, GeminiJob, GeminiJobCompletion, JobWaitOptions } from './gemini-job.js';
import { JobAccess } from './job-access.js';
import {
  batchPlan,
  embeddingBatchPlan,
  interactionPlan,
  type CreateInteractionParameters,
  type InteractionKind,
} from './job-plans.js';
import { describedJob, type GeminiJobRef } from './job-ref.js';
import type { JobPlan } from './job-starter.js';
import { JobStarts } from './job-starts.js';
import type {
  GeminiWebhookConfig,
  JobRouteOptions,
  JobStartOptions,
  JobWebhooks,
  WebhookConfigOptions,
} from './job-webhooks.js';
import { outputVideo, type OutputVideo, type OutputVideoOptions } from './transfer/output-video.js';
import type { TransferOptions } from './transfer/resumable-download.js';
import type { JobStartsOptions } from './job-starts-host.js';
import { checkDestination, checkExtension } from './video-checks.js';
import { downloadVideo, type VideoDownloadOptions } from './transfer/video-download.js';
import type { CreateVideoParameters, ExtendVideoParameters } from './video-plans.js';
import { extensionPlan, operationPlan, videoPlan } from './video-plans.js';

/** Starts jobs on the Gemini API, and waits for them in any process. */
export class GeminiJobs implements OnModuleDestroy {
  readonly #webhooks: JobWebhooks;
  readonly #closing = new AbortController();
  readonly #access: JobAccess;
  readonly #videos: FinishedVideos;

  constructor(
    ai: GeminiClient | undefined,
    tracker: JobTracker | undefined,
    webhooks: JobWebhooks,
    options: JobStartsOptions = { registration: 'default', repeatAfterMs: 120_000 },
  ) {
    const { signal: closing } = this.#closing;
    setMaxListeners(0, closing);
    this.#webhooks = webhooks;
    const starts = tracker && new JobStarts({ ...options, tracker, webhooks, closing });
    this.#access = new JobAccess(ai, tracker, starts, closing);
    this.#videos = new FinishedVideos(this.#access, options.checker);
  }

  /**
   * Starts a batch whose events are delivered to this app. Parameters are those of `ai.batches.create`; a batch without a
   * `displayName` gets one.
   *
   * @example
   * const job = await jobs.createBatch({ model: 'gemini-3.8-flash', src: 'files/…' }, { idempotencyKey: 'night-42' });
   * const event = await job.completed();
   *
   * @throws what the SDK throws; GeminiWebhooksError `invalid_option` without a client, or without `publicUrl` where
   *   webhooks are required; `invalid_argument` for an `idempotencyKey` that was used with other parameters;
   *   `inbox_unavailable` while the store is down, `timeout` while Gemini cannot list its batches (it then starts nothing)
   */
  async createBatch(params: CreateBatchJobParameters, options: JobStartOptions = {}): Promise<GeminiJob<'batch'>> {
    return this.#start(batchPlan(await this.#access.client(), params, options));
  }

  /**
   * Starts a batch of embeddings. Parameters are those of `ai.batches.createEmbeddings`, which cannot send a webhook: the
   * batch is polled, and ends with the events of a batch. @throws as `createBatch`
   */
  async createEmbeddingBatch(params: EmbeddingBatch, options: JobStartOptions = {}): Promise<GeminiJob<'batch'>> {
    return this.#start(embeddingBatchPlan(await this.#access.client(), params, options));
  }

  /**
   * Starts an interaction in the background: deep research, or a model with tools. Parameters are those of
   * `ai.interactions.create`. With `response_format: { type: 'video' }` it is a video job, as with `createVideo`.
   *
   * @throws as `createBatch`; `invalid_argument` for a stream, `background: false` or `store: false`
   */
  async createInteraction<const Parameters extends CreateInteractionParameters>(
    params: Parameters,
    options: JobStartOptions = {},
  ): Promise<GeminiJob<InteractionKind<Parameters>>> {
    return this.#start(interactionPlan(await this.#access.client(), params, options));
  }

  /**
   * Starts a video. Parameters are those of `ai.interactions.create`: a prompt or contents (images, reference images, a
   * video to edit) as `input`, `response_format` with `duration` (`'8s'`), `resolution` and `aspect_ratio`. Ends with
   * `video.generated` or `video.failed`.
   *
   * @example
   * const job = await jobs.createVideo({ input: 'A lighthouse before dawn.', response_format: { duration: '8s' } });
   * await jobs.downloadVideo(job, 'lighthouse.mp4');
   *
   * @throws as `createBatch`; `invalid_argument` for parameters that do not make a video
   */
  async createVideo(params: CreateVideoParameters, options: JobStartOptions = {}): Promise<GeminiJob<'video'>> {
    return this.#start(videoPlan(await this.#access.client(), params, options));
  }

  /**
   * Extends a video by 3 to 10 s, to at most 40 s (Omni 1.1). The new job's video is the whole film so far. Waits first
   * until the video is finished.
   *
   * @param ref the video: its job, that job's id, Gemini's name for it, or its event
   * @throws as `createVideo`, and as `waitFor` when there is no video to extend
   */
  async extendVideo(
    ref: GeminiJobRef,
    params: ExtendVideoParameters,
    options: JobStartOptions & CompletedOptions = {},
  ): Promise<GeminiJob<'video'>> {
    const { timeoutMs, signal, ...start } = callOptions('GeminiJobs.extendVideo', options);
    checkExtension(params, timeoutMs);
    const before = await this.#videos.extendable(ref, { timeoutMs, signal });
    return this.#start(extensionPlan(await this.#access.client(), before, params, start));
  }

  /**
   * Starts a Veo video with `@google/genai` 2. Google shut Veo down on the Gemini API on 2026-10-22.
   *
   * @deprecated Use `createVideo`.
   * @throws GeminiWebhooksError `invalid_argument` with `@google/genai` 3, which does not support it
   */
  async generateVideos(params: GenerateVideosParameters, options: JobStartOptions = {}): Promise<GeminiJob<'video'>> {
    return this.#start(operationPlan(await this.#access.client(), params, options));
  }

  /**
   * Creates the dynamic webhook of a job that you start with the SDK yourself. Its URI and metadata contain the token that
   * proves that a delivery is for this deployment.
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
   * Tracks a job that was started elsewhere: it is polled if its webhook does not arrive.
   *
   * @throws GeminiWebhooksError `invalid_argument` if the reference names no job, `invalid_option` without a client
   */
  async track(ref: GeminiJobRef, options: Pick<JobRouteOptions, 'params'> = {}): Promise<GeminiJob> {
    return this.#access.track(describedJob(ref, callOptions('GeminiJobs.track', options).params));
  }

  /**
   * Resolves with the success event of any job, even if it has already ended or was started elsewhere.
   *
   * @throws as `GeminiJob.completed` and `track`
   */
  async waitFor(ref: GeminiJobRef, options: JobWaitOptions = {}): Promise<GeminiJobCompletion[GeminiResourceKind]> {
    const { params, ...wait } = callOptions('GeminiJobs.waitFor', options);
    const job = await this.track(ref, { ...(params && { params }) });
    return job.completed(wait);
  }

  /**
   * Writes a batch's requests as JSONL and uploads them with constant memory: the input of a batch up to 2 GB. Requests are
   * `{ key, request }`.
   *
   * @example
   * const file = await jobs.batchInput(requests());
   * const job = await jobs.createBatch({ model: 'gemini-3.8-flash', src: file.name! });
   *
   * @throws GeminiWebhooksError `invalid_argument` without any request, for one without key or contents, or over
   *   2 GB; what the iterable throws; the SDK's errors for what the API refuses
   */
  async batchInput(requests: BatchInputRequests, options: BatchInputOptions = {}): Promise<File> {
    return batchInput(await this.#access.client(), requests, options);
  }

  /**
   * Streams a batch's results one by one with constant memory. Its job must have ended.
   *
   * @example
   * for await (const { key, response, error } of jobs.batchResults(event)) {
   *   console.log(key, error?.message ?? response?.text);
   * }
   *
   * @throws GeminiWebhooksError `invalid_argument` when there is no readable output, `transfer_failed` when the file
   *   changed or ended too early; the SDK's errors for what the API refuses
   */
  async *batchResults(ref: GeminiJobRef, options: TransferOptions = {}): AsyncGenerator<BatchResult, void> {
    yield* batchResults(await this.#access.client(), await this.#access.batchOutputOf(ref), options);
  }

  /** Streams the results of an embedding batch, as `batchResults` does for other batches. @throws as `batchResults` */
  async *embeddingResults(ref: GeminiJobRef, options: TransferOptions = {}): AsyncGenerator<EmbeddingResult, void> {
    yield* embeddingResults(await this.#access.client(), await this.#access.batchOutputOf(ref), options);
  }

  /**
   * Returns a job's video: its URI, or a stream of its bytes if Gemini returns them inline. Waits for a running job, at most
   * `timeoutMs`. @throws as `downloadVideo`
   */
  async outputVideo(ref: GeminiJobRef, options: OutputVideoOptions = {}): Promise<OutputVideo> {
    const client = await this.#access.client();
    const source = await this.#videos.source(ref, callOptions('GeminiJobs.outputVideo', options));
    return typeof source === 'string'
      ? { mimeType: 'video/mp4', uri: source }
      : outputVideo(client, source.interaction, options);
  }

  /**
   * Streams a job's video to a file or a `Writable` once it is ready. The file appears only when it is complete.
   *
   * @param ref the video's job, that job's id, Gemini's name for it or its event, or the video's location (`files/…`, a URI)
   * @throws GeminiWebhooksError `invalid_argument` for a `gs:` URI, `transfer_failed` when the file changed or ended too
   *   early; as `waitFor` when the job has no video; the SDK's `ApiError` for what the API refuses
   */
  async downloadVideo(
    ref: GeminiJobRef,
    destination: string | Writable,
    options: VideoDownloadOptions = {},
  ): Promise<void> {
    const client = await this.#access.client();
    checkDestination(destination, options);
    const source = await this.#videos.source(ref, { signal: options.signal });
    await downloadVideo(client, source, destination, options);
  }

  async #start<Kind extends GeminiResourceKind>(plan: JobPlan): Promise<GeminiJob<Kind>> {
    return this.#access.handle(await this.#access.starts.start(plan));
  }

  onModuleDestroy(): void {
    this.#closing.abort(new GeminiWebhooksError('closed', 'The app shut down before the job ended.'));
  }
}
