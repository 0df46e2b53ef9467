import type { FileStore } from './file-store.js';
import { invalidArgument, listOf, optionalObject, optionalString, type JsonObject } from './request-fields.js';
import { ApiError } from './simulated-api.js';

// Veo 3.1 as documented (wire.md): clips of 4, 6 or 8 s; 7 s an extension, 20 of them, to 148 s, of Veo-made 720p video.
const CLIP_SECONDS: readonly number[] = [4, 6, 8];
const LONGEST_CLIP_SECONDS = 8;
const EXTENSION_SECONDS = 7;
const MOST_EXTENSIONS = 20;
const LONGEST_VIDEO_SECONDS = 148;
const MOST_VIDEOS = 4;
const RESOLUTIONS: readonly string[] = ['720p', '1080p', '4k'];
const ASPECT_RATIOS: readonly string[] = ['16:9', '9:16'];

/** What Veo is to make, or has made. */
export interface Clip {
  readonly prompt: string | undefined;
  readonly seconds: number;
  readonly extensions: number;
  readonly resolution: string;
  readonly aspectRatio: string;
}

/** What a request asks for, and how often. */
export interface VideoRequest {
  readonly clip: Clip;
  readonly videos: number;
}

/**
 * Reads the body of `predictLongRunning`, and holds it to Veo's rules.
 *
 * @param made the clips that Veo has made, by their file's name
 * @throws ApiError `NOT_FOUND` for another model, `INVALID_ARGUMENT` for what Veo refuses
 */
export function videoRequestOf(
  model: string,
  body: JsonObject,
  made: ReadonlyMap<string, Clip>,
  files: FileStore,
): VideoRequest {
  if (!model.startsWith('models/veo-')) {
    const message = `${model} is not found, or is not supported for predictLongRunning.`;
    throw new ApiError(404, 'NOT_FOUND', message);
  }
  const [first] = listOf(body['instances'], 'instances');
  const instance = optionalObject(first, 'instances[0]');
  if (instance === undefined) throw invalidArgument('instances must have one element');
  const parameters = optionalObject(body['parameters'], 'parameters') ?? {};
  const prompt = optionalString(instance['prompt'], 'prompt');
  const source = optionalObject(instance['video'], 'video');
  if (prompt === undefined && instance['image'] === undefined && source === undefined) {
    throw invalidArgument('A prompt, an image or a video is required.');
  }
  const asked = askedFor(parameters, prompt);
  const clip =
    source === undefined ? firstClip(asked, instance) : extended(asked, model, sourceClip(source, made, files));
  return { clip, videos: oneOf(parameters['sampleCount'] ?? 1, [1, 2, 3, MOST_VIDEOS], 'sampleCount') };
}

interface Asked {
  readonly prompt: string | undefined;
  readonly seconds: number;
  readonly resolution: string;
  readonly aspectRatio: string | undefined;
}

function askedFor(parameters: JsonObject, prompt: string | undefined): Asked {
  const { durationSeconds = LONGEST_CLIP_SECONDS, resolution = '720p', aspectRatio } = parameters;
  return {
    prompt,
    seconds: oneOf(durationSeconds, CLIP_SECONDS, 'durationSeconds'),
    resolution: oneOf(resolution, RESOLUTIONS, 'resolution'),
    aspectRatio: aspectRatio === undefined ? undefined : oneOf(aspectRatio, ASPECT_RATIOS, 'aspectRatio'),
  };
}

function firstClip({ aspectRatio = '16:9', ...asked }: Asked, instance: JsonObject): Clip {
  const needsFullLength = asked.resolution !== '720p' || instance['referenceImages'] !== undefined;
  if (needsFullLength && asked.seconds !== LONGEST_CLIP_SECONDS) {
    throw invalidArgument('durationSeconds must be 8 for 1080p, 4k and reference images.');
  }
  return { ...asked, aspectRatio, extensions: 0 };
}

function sourceClip(source: JsonObject, made: ReadonlyMap<string, Clip>, files: FileStore): Clip {
  const uri = optionalString(source['uri'], 'video.uri') ?? '';
  const name = /files\/[a-z0-9-]+/.exec(uri)?.[0] ?? '';
  const clip = files.has(name) ? made.get(name) : undefined;
  if (clip === undefined) throw invalidArgument('Only videos that Veo has generated can be extended.');
  return clip;
}

function extended(asked: Asked, model: string, source: Clip): Clip {
  if (!/^models\/veo-3\.1\b/.test(model)) throw invalidArgument(`${model} does not extend videos.`);
  if (asked.seconds !== LONGEST_CLIP_SECONDS) throw invalidArgument('durationSeconds must be 8 for an extension.');
  if (asked.resolution !== '720p' || source.resolution !== '720p') {
    throw invalidArgument('Only 720p videos can be extended, to 720p.');
  }
  if (asked.aspectRatio !== undefined && asked.aspectRatio !== source.aspectRatio) {
    throw invalidArgument(`The video has the aspect ratio ${source.aspectRatio}.`);
  }
  if (source.extensions >= MOST_EXTENSIONS) {
    throw invalidArgument(`A video can be extended at most ${MOST_EXTENSIONS} times.`);
  }
  const seconds = source.seconds + EXTENSION_SECONDS;
  if (seconds > LONGEST_VIDEO_SECONDS) throw invalidArgument(`A video has at most ${LONGEST_VIDEO_SECONDS} seconds.`);
  return { ...source, prompt: asked.prompt, seconds, extensions: source.extensions + 1 };
}

function oneOf<Value extends string | number>(value: unknown, allowed: readonly Value[], field: string): Value {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw invalidArgument(`${field} must be one of ${allowed.join(', ')}.`);
  return found;
}
