import type {
  AutomaticContinuationOption,
  CreateBatchJobParameters,
  GenerateVideosParameters,
  GoogleGenAI,
  Interactions,
} from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { ONE_TRY } from './gemini-api.js';
import type { JobPlan } from './job-starter.js';
import type { JobRouteOptions } from './job-webhooks.js';

/** What `createInteraction` takes: the SDK's own, for an interaction in the background. */
export type CreateInteractionParameters = (
  | Interactions.InteractionCreateParams.CreateModelInteractionParamsNonStreaming
  | Interactions.InteractionCreateParams.CreateAgentInteractionParamsNonStreaming
) &
  AutomaticContinuationOption;

/** What `extendVideo` takes: the SDK's own, without the video. `model` is that of the first clip unless it is given. */
export type ExtendVideoParameters = Omit<GenerateVideosParameters, 'model' | 'image' | 'video' | 'source'> & {
  readonly model?: string;
};

/** The caller's parameters, with our webhook beside theirs and a display name when there is none. */
export function batchPlan(ai: GoogleGenAI, params: CreateBatchJobParameters, route: JobRouteOptions): JobPlan {
  const { config = {} } = params;
  return {
    ...route,
    kind: 'batch',
    displayName: config.displayName,
    uris: config.webhookConfig?.uris,
    metadata: config.webhookConfig?.userMetadata,
    async start(webhookConfig, id) {
      const displayName = config.displayName ?? id;
      const httpOptions = { ...config.httpOptions, ...ONE_TRY.http };
      const { name } = await ai.batches.create({
        ...params,
        config: { ...config, displayName, webhookConfig, httpOptions },
      });
      return name;
    },
  };
}

/** The caller's parameters, with our webhook beside theirs. */
export function videoPlan(ai: GoogleGenAI, params: GenerateVideosParameters, route: JobRouteOptions): JobPlan {
  const { config = {} } = params;
  return {
    ...route,
    kind: 'video',
    uris: config.webhookConfig?.uris,
    metadata: config.webhookConfig?.userMetadata,
    async start(webhookConfig) {
      const httpOptions = { ...config.httpOptions, ...ONE_TRY.http };
      const { name } = await ai.models.generateVideos({ ...params, config: { ...config, webhookConfig, httpOptions } });
      return name;
    },
  };
}

/**
 * An operation's name says which model it is of: `models/{model}/operations/{operation}`.
 *
 * @throws GeminiWebhooksError `invalid_argument` for a short name
 */
export function modelOfOperation(name: string): string {
  const model = /^models\/([^/]+)\/operations\//.exec(name)?.[1];
  if (model !== undefined) return model;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs: ${name} does not say which model made it. Give model.`,
  );
}

/**
 * The caller's parameters, with our webhook beside theirs, in the background.
 *
 * @throws GeminiWebhooksError `invalid_argument` for a stream or `background: false`, of which no webhook tells
 */
export function interactionPlan(ai: GoogleGenAI, params: CreateInteractionParameters, route: JobRouteOptions): JobPlan {
  const { webhook_config: own, background, stream } = params;
  if (background === false || (stream as boolean | undefined) === true) {
    throw new GeminiWebhooksError(
      'invalid_argument',
      'GeminiJobs.createInteraction starts interactions in the background: leave out background: false and stream.',
    );
  }
  return {
    ...route,
    kind: 'interaction',
    tools: 'tools' in params && (params.tools?.length ?? 0) > 0,
    uris: own?.uris,
    metadata: own?.user_metadata,
    async start({ uris, userMetadata }) {
      const { user_metadata: _own, ...rest } = own ?? {};
      const webhook_config = { ...rest, uris, ...(userMetadata && { user_metadata: userMetadata }) };
      const started = { ...params, background: true, webhook_config };
      // The SDK overloads `create` by model and agent, and takes no union of the two.
      const { id } = await ai.interactions.create(started as CreateModel, ONE_TRY.request);
      return id;
    },
  };
}

type CreateModel = Interactions.InteractionCreateParams.CreateModelInteractionParamsNonStreaming;
