import { callOptions } from '../shared/check-object.js';
import { checkStartOptions } from './start-options.js';
import type { AutomaticContinuationOption, GenerateVideosParameters, GoogleGenAI, Interactions } from '@google/genai';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { NO_RETRIES } from './gemini-api.js';
import { interactionPlan, type CreateInteractionParameters } from './job-plans.js';
import type { JobPlan } from './job-starter.js';
import type { JobStartOptions } from './job-webhooks.js';
import { checkExtension, checkVideo, type VideoFormat } from './video-checks.js';

type CreateModel = Interactions.InteractionCreateParams.CreateModelInteractionParamsNonStreaming;

/** Generally available on the Gemini API since 2026-08-27 (release notes of the SDK). */
export const VIDEO_MODEL = 'gemini-omni-1.1-flash';

/** The model extends a video if the prompt begins so. It treats a longer prompt without it as an edit (seen live). */
const EXTEND = 'Extend this video.';

/**
 * Parameters of `createVideo`: those of `ai.interactions.create`. `model` is `gemini-omni-1.1-flash` and `response_format`
 * `{ type: 'video', delivery: 'uri' }` by default.
 */
export type CreateVideoParameters = Omit<CreateModel, 'model' | 'response_format' | 'background' | 'stream'> &
  AutomaticContinuationOption & {
    readonly model?: CreateModel['model'];
    readonly response_format?: Partial<VideoFormat>;
  };

/**
 * Parameters of `extendVideo`: a prompt for what happens next, and the parameters of `createVideo` except its input. The
 * API rejects a `task` and an `aspect_ratio` in an extension, so neither is sent.
 */
export type ExtendVideoParameters = Omit<
  CreateVideoParameters,
  'input' | 'previous_interaction_id' | 'response_format'
> & {
  /** Short: one or two sentences. Prefixed with `Extend this video.` unless it begins so. */
  readonly prompt: string;
  readonly response_format?: Partial<Omit<VideoFormat, 'aspect_ratio'>>;
};

/**
 * Plans a new video.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function videoPlan(ai: GoogleGenAI, params: CreateVideoParameters, options: JobStartOptions): JobPlan {
  checkVideo(params);
  return plan('createVideo', ai, params, params, options);
}

/**
 * Plans the extension of a video.
 *
 * @param before the interaction that created the video so far
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function extensionPlan(
  ai: GoogleGenAI,
  before: { readonly id: string; readonly model: string | undefined },
  params: ExtendVideoParameters,
  options: JobStartOptions,
): JobPlan {
  checkExtension(params);
  const { prompt, model = before.model, response_format, generation_config, ...rest } = params;
  const { aspect_ratio: _ratio, ...format } = (response_format ?? {}) as Partial<VideoFormat>;
  const { video_config: _task, ...config } = generation_config ?? {};
  const extended = {
    ...rest,
    ...(model !== undefined && { model }),
    input: prompt.trimStart().startsWith(EXTEND) ? prompt : `${EXTEND} ${prompt}`,
    previous_interaction_id: before.id,
    response_format: format,
    ...(Object.keys(config).length > 0 && { generation_config: config }),
  } as CreateVideoParameters;
  return plan('extendVideo', ai, extended, { ...params, before: before.id }, options);
}

/**
 * Plans a Veo video, for `@google/genai` 2: version 3 has removed Veo with an API key.
 *
 * @throws GeminiWebhooksError `invalid_argument` from its start if the SDK does not support it
 */
export function operationPlan(ai: GoogleGenAI, params: GenerateVideosParameters, options: JobStartOptions): JobPlan {
  checkStartOptions('generateVideos', options);
  const { config = {} } = callOptions('GeminiJobs.generateVideos', params);
  return {
    ...options,
    kind: 'video',
    given: params,
    uris: config.webhookConfig?.uris,
    metadata: config.webhookConfig?.userMetadata,
    async start(webhookConfig) {
      const { webhookConfig: _own, ...rest } = config;
      const httpOptions = { ...config.httpOptions, ...NO_RETRIES.http };
      try {
        const { name } = await ai.models.generateVideos({
          ...params,
          config: { ...rest, httpOptions, ...(webhookConfig && { webhookConfig }) },
        });
        return name;
      } catch (cause) {
        if (!/only supported by the Gemini Enterprise/i.test(messageOf(cause))) throw cause;
        const message =
          'GeminiJobs.generateVideos: this version of @google/genai does not support Veo with an API key, and the Gemini API no longer has Veo. Use createVideo.';
        throw new GeminiWebhooksError('invalid_argument', message, { cause });
      }
    },
  };
}

function plan(
  method: string,
  ai: GoogleGenAI,
  params: CreateVideoParameters,
  given: unknown,
  options: JobStartOptions,
): JobPlan {
  const { model = VIDEO_MODEL, response_format: format } = params;
  const filled = { ...params, model, response_format: { delivery: 'uri', ...format, type: 'video' } };
  return { ...interactionPlan(ai, filled as CreateInteractionParameters, options, method), kind: 'video', given };
}
