import type {
  AutomaticContinuationOption,
  CreateBatchJobParameters,
  CreateEmbeddingsBatchJobParameters,
  GoogleGenAI,
  HttpOptions,
  Interactions,
} from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { NO_RETRIES } from './gemini-api.js';
import type { JobPlan } from './job-starter.js';
import type { JobStartOptions } from './job-webhooks.js';
import { checkStartOptions } from './start-options.js';

type CreateModel = Interactions.InteractionCreateParams.CreateModelInteractionParamsNonStreaming;
type CreateAgent = Interactions.InteractionCreateParams.CreateAgentInteractionParamsNonStreaming;

/** Parameters of `createInteraction`: the SDK's own, for an interaction in the background. */
export type CreateInteractionParameters = (CreateModel | CreateAgent) & AutomaticContinuationOption;

/** Kind of the job of an interaction: an interaction that creates a video is a video job. */
export type InteractionKind<Parameters> = Parameters extends { readonly response_format: { readonly type: 'video' } }
  ? 'video'
  : 'interaction';

/** Plans a batch: the caller's parameters, our webhook beside theirs, and a display name if there is none. */
export function batchPlan(ai: GoogleGenAI, params: CreateBatchJobParameters, options: JobStartOptions): JobPlan {
  checkStartOptions('createBatch', options);
  checkBatch('createBatch', params);
  const { config = {} } = params;
  return {
    ...options,
    kind: 'batch',
    given: params,
    displayName: config.displayName,
    uris: config.webhookConfig?.uris,
    metadata: config.webhookConfig?.userMetadata,
    async start(webhookConfig, id) {
      const { webhookConfig: _own, ...rest } = config;
      const displayName = config.displayName ?? id;
      const httpOptions = { ...config.httpOptions, ...NO_RETRIES.http };
      const { name } = await ai.batches.create({
        ...params,
        config: { ...rest, displayName, httpOptions, ...(webhookConfig && { webhookConfig }) },
      });
      return name;
    },
  };
}

/**
 * Plans an embedding batch. The SDK cannot send a webhook with it, so it is polled.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function embeddingBatchPlan(
  ai: GoogleGenAI,
  params: CreateEmbeddingsBatchJobParameters,
  options: JobStartOptions,
): JobPlan {
  checkStartOptions('createEmbeddingBatch', options);
  checkEmbeddings(params);
  const { config = {} } = params;
  return {
    ...options,
    kind: 'batch',
    given: { embeddings: params },
    displayName: config.displayName,
    takesWebhook: false,
    async start(_webhook, id) {
      const displayName = config.displayName ?? id;
      const httpOptions = { ...config.httpOptions, ...NO_RETRIES.http };
      const { name } = await ai.batches.createEmbeddings({
        ...params,
        config: { ...config, displayName, httpOptions },
      });
      return name;
    },
  };
}

/**
 * Plans an interaction in the background: the caller's parameters, with our webhook beside theirs.
 *
 * @param method name of the called method, for the error
 * @throws GeminiWebhooksError `invalid_argument` for parameters that exclude the background
 */
export function interactionPlan(
  ai: GoogleGenAI,
  params: CreateInteractionParameters,
  options: JobStartOptions,
  method = 'createInteraction',
): JobPlan {
  checkStartOptions(method, options);
  checkBackground(method, params);
  const { webhook_config: own, ...rest } = params;
  const isVideo = createsVideo(params);
  return {
    ...options,
    kind: isVideo ? 'video' : 'interaction',
    given: params,
    tools: 'tools' in params && (params.tools?.length ?? 0) > 0,
    model: isVideo && 'model' in params ? params.model : undefined,
    uris: own?.uris,
    metadata: own?.user_metadata,
    async start(webhook, _id, timeoutMs) {
      const { user_metadata: _metadata, uris: _uris, ...others } = own ?? {};
      const started = {
        ...rest,
        background: true,
        ...(webhook && {
          webhook_config: {
            ...others,
            uris: webhook.uris,
            ...(webhook.userMetadata && { user_metadata: webhook.userMetadata }),
          },
        }),
      };
      // The SDK overloads `create` by model and agent, and accepts no union of the two.
      const { id } = await ai.interactions.create(started as CreateModel, {
        ...NO_RETRIES.request,
        // By default, the SDK waits for ever.
        ...(timeoutMs !== undefined && !hasTimeout(ai) && { timeout_ms: Math.ceil(timeoutMs) }),
      });
      return id;
    },
  };
}

function hasTimeout(ai: GoogleGenAI): boolean {
  const { httpOptions } = ai as unknown as { readonly httpOptions?: HttpOptions };
  return httpOptions?.timeout !== undefined;
}

/** Checked here because the SDK's own errors name neither parameter. */
function checkBatch(method: string, params: { readonly model?: unknown; readonly src?: unknown }): void {
  const { model, src } = params ?? {};
  if (typeof model !== 'string' || model === '') throw invalid(method, 'model is missing', 'Give { model, src }.');
  if (src === undefined || src === null || src === '') throw invalid(method, 'src is missing', 'Give { model, src }.');
}

/**
 * Checks what the API rejects only after the request, or not at all.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkBackground(method: string, params: unknown): void {
  if (typeof params !== 'object' || params === null)
    throw invalid(method, 'got no parameters', 'Give { model, input }.');
  const { background, stream, store } = params as Readonly<Record<string, unknown>>;
  if (background !== undefined && background !== true) {
    throw invalid(method, 'background is not true', 'Leave it out: the interaction runs in the background.');
  }
  if (stream) throw invalid(method, 'stream is set', 'Leave it out: a stream has no webhook.');
  // wire.md: `store: false` cannot go with `background`.
  if (store === false) throw invalid(method, 'store is false', 'Leave it out: the API stores background interactions.');
}

/** Checked here because the SDK would start an empty batch or throw a TypeError. */
function checkEmbeddings(params: CreateEmbeddingsBatchJobParameters): void {
  const { model, src } = (params ?? {}) as { readonly model?: unknown; readonly src?: unknown };
  const method = 'createEmbeddingBatch';
  if (typeof model !== 'string' || model === '') {
    throw invalid(method, 'model is missing', 'Give the name of an embedding model.');
  }
  if (typeof src !== 'object' || src === null) {
    throw invalid(method, 'src is missing', "Give { fileName: 'files/…' } or { inlinedRequests: { contents } }.");
  }
}

function createsVideo({ response_format: format }: CreateInteractionParameters): boolean {
  return [format].flat().some((one) => one?.type === 'video');
}

function invalid(method: string, what: string, todo: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiJobs.${method}: ${what}. ${todo}`);
}
