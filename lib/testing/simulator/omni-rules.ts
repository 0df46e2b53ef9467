import { InteractionError } from './interaction-error.js';
import { isVideoModel } from './model-catalogue.js';
import { optionalObject, optionalString, type JsonObject } from './request-fields.js';

// As documented and observed live (wire.md, "Omni video").
const MIN_SECONDS = 3;
const MAX_SECONDS: Readonly<Record<string, number>> = { 'gemini-omni-1.1-flash': 10, 'gemini-omni-1.2-flash': 15 };
const DEFAULT_MAX_SECONDS = 10;
const DEFAULT_SECONDS = 8;
const MAX_FILM_SECONDS = 40;
/** Maximum length of an input video that counts as context for its extension. */
const MAX_CONTEXT_SECONDS = 10;
/** Longer prompts count as an edit. The simulator chose this limit: Google has not published one. */
const MAX_EXTENSION_PROMPT = 300;
const ASPECT_RATIOS: readonly string[] = ['16:9', '9:16'];
const RESOLUTIONS: readonly string[] = ['360p', '720p', '1080p', '4k'];
const DELIVERIES: readonly string[] = ['inline', 'uri'];
const TASKS: readonly string[] = ['text_to_video', 'image_to_video', 'reference_to_video', 'edit', 'extend', 'upscale'];

/** Film that Omni generates. */
export interface Film {
  /** Length of the whole film. */
  readonly seconds: number;
  readonly aspectRatio: string;
  readonly resolution: string;
  /** Requested form of the result. */
  readonly delivery: 'inline' | 'uri';
}

/** Sources of a film. */
export interface FilmSources {
  /** Film of `previous_interaction_id`. */
  readonly previous: Film | undefined;
  /** Length in seconds of a video in the input, 0 if unknown; `undefined` without one. */
  readonly inputSeconds: number | undefined;
}

/**
 * True if the request is for a video, as every request to an Omni model is.
 *
 * @throws InteractionError 400 if the request is for a video by another model or an agent
 */
export function isVideoRequest(body: JsonObject): boolean {
  const { model, agent } = body;
  const isVideo = typeof model === 'string' && isVideoModel(model);
  if (!isVideo && formatsIn(body).some((format) => format['type'] === 'video')) {
    throw refusal(`response_format: type 'video' is not supported by ${String(model ?? agent)}.`);
  }
  return isVideo;
}

/**
 * Checks Omni's rules for a request for a video, and returns the film.
 *
 * @param model without `models/`
 * @param prompt text of the input
 * @throws InteractionError 400 that names the field
 */
export function filmOf(model: string, body: JsonObject, prompt: string, { previous, inputSeconds }: FilmSources): Film {
  const format = formatOf(body);
  const task = taskOf(body);
  const isNextTurn = (body['previous_interaction_id'] ?? undefined) !== undefined;
  if (isNextTurn && task !== undefined) throw refusal('Only user input is allowed when video task is set.');
  if (isNextTurn && format['aspect_ratio'] !== undefined) {
    throw refusal('response_format.aspect_ratio cannot be set with previous_interaction_id.');
  }
  if (task === 'extend' && inputSeconds === undefined)
    throw refusal("video_config.task 'extend' needs a video in input.");
  const clipSeconds = secondsOf(format['duration'], model);
  const isExtension = task === 'extend' || (previous !== undefined && isExtensionPrompt(prompt));
  const source = previous?.seconds ?? (inputSeconds && Math.min(inputSeconds, MAX_CONTEXT_SECONDS));
  const seconds = isExtension ? (source ?? 0) + clipSeconds : source || clipSeconds;
  if (seconds > MAX_FILM_SECONDS) {
    throw refusal(
      `response_format.duration: the film would be ${seconds}s long, but the maximum is ${MAX_FILM_SECONDS}s.`,
    );
  }
  return {
    seconds,
    aspectRatio: oneOf(format['aspect_ratio'], ASPECT_RATIOS, 'aspect_ratio') ?? previous?.aspectRatio ?? '16:9',
    resolution: oneOf(format['resolution'], RESOLUTIONS, 'resolution') ?? previous?.resolution ?? '720p',
    delivery: oneOf(format['delivery'], DELIVERIES, 'delivery') === 'uri' ? 'uri' : 'inline',
  };
}

/** True for a short prompt that begins with "Extend". Any other is an edit, which keeps the length. */
function isExtensionPrompt(prompt: string): boolean {
  return prompt.length <= MAX_EXTENSION_PROMPT && /^\s*extend\b/i.test(prompt);
}

/** Returns `response_format`, which is an object or a list of one. */
function formatOf(body: JsonObject): JsonObject {
  const formats = formatsIn(body);
  if (formats.length > 1) throw refusal('response_format: only one format is possible for a video.');
  const [format = { type: 'video' }] = formats;
  if (format['type'] !== 'video') throw refusal("response_format.type must be 'video' for this model.");
  return format;
}

function formatsIn({ response_format: given }: JsonObject): readonly JsonObject[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.map((format) => optionalObject(format, 'response_format')).filter((format) => format !== undefined);
}

function taskOf(body: JsonObject): string | undefined {
  const generation = optionalObject(body['generation_config'], 'generation_config');
  const video = optionalObject(generation?.['video_config'], 'generation_config.video_config');
  const task = optionalString(video?.['task'], 'generation_config.video_config.task');
  if (task === undefined || TASKS.includes(task)) return task;
  throw refusal(`generation_config.video_config.task must be one of ${TASKS.join(', ')}, not ${JSON.stringify(task)}.`);
}

/** Parses a duration: a string in seconds such as `8s`; numbers are refused (live). */
function secondsOf(duration: unknown, model: string): number {
  if (duration === undefined || duration === null) return DEFAULT_SECONDS;
  const [, digits] = /^(\d{1,4}(?:\.\d{1,9})?)s$/.exec(typeof duration === 'string' ? duration : '') ?? [];
  if (digits === undefined) {
    throw refusal(`response_format.duration must be a string such as "8s", not ${JSON.stringify(duration)}.`);
  }
  const [seconds, max] = [Number(digits), MAX_SECONDS[model] ?? DEFAULT_MAX_SECONDS];
  if (seconds >= MIN_SECONDS && seconds <= max) return seconds;
  throw refusal(`response_format.duration must be from ${MIN_SECONDS}s to ${max}s for ${model}, not "${digits}s".`);
}

function oneOf(value: unknown, allowed: readonly string[], field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && allowed.includes(value)) return value;
  throw refusal(`response_format.${field} must be one of ${allowed.join(', ')}, not ${JSON.stringify(value)}.`);
}

function refusal(message: string): InteractionError {
  return new InteractionError(400, 'invalid_request', message);
}
