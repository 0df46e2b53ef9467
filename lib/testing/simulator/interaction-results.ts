import type { FileStore } from './file-store.js';
import { downloadUri } from './files.js';
import { INLINE_VIDEO } from './inline-video.js';
import type { InteractionRequest } from './interaction-request.js';
import { modelOutput, stepsBeforeVideo, stepsOf } from './interaction-steps.js';
import type { Film } from './omni-rules.js';
import type { JsonObject } from './request-fields.js';
import { videoOf } from './sample-video.js';
import type { JobEnd } from './simulated-api.js';
import type { SimulatorConfig } from './simulator.options.js';

/** Options for the generation and form of videos. */
export type VideoOptions = Pick<SimulatorConfig, 'videoResult' | 'videoBytes' | 'fileProcessingMs'>;

/** Request with the film to generate, if it requests a video. */
export interface PlannedInteraction extends InteractionRequest {
  readonly film: Film | undefined;
}

/** Result of an interaction. */
export interface InteractionResult {
  /** All steps except the output with the video. */
  readonly steps: readonly JsonObject[];
  readonly video: { readonly film: Film; readonly fileName: string } | undefined;
}

/** Creates the result of an interaction. Adds the file of a video to the store. */
export function resultOf(
  request: PlannedInteraction,
  end: JobEnd,
  files: FileStore,
  options: VideoOptions,
): InteractionResult {
  const { film } = request;
  if (film === undefined) return { steps: stepsOf(request, end), video: undefined };
  const before = stepsBeforeVideo(request);
  if (end === 'filtered') return { steps: [...before, modelOutput(REFUSAL)], video: undefined };
  if (end !== 'succeeded') return { steps: before.filter(({ type }) => type !== 'thought'), video: undefined };
  const { name } = files.put(videoOf(options.videoBytes), {
    mimeType: 'video/mp4',
    source: 'GENERATED',
    seconds: film.seconds,
    processingMs: options.fileProcessingMs,
  });
  return { steps: before, video: { film, fileName: name } };
}

/** A refused video completes with text and without a video (wire.md). */
const REFUSAL = 'I cannot make this video. (A refusal of the simulator.)';

/** Returns the steps for a GET. `interactionResponse` inserts the bytes of an inline video. */
export function stepsView({ steps, video }: InteractionResult, options: VideoOptions): readonly JsonObject[] {
  if (video === undefined) return steps;
  const isInline =
    options.videoResult === 'data' || (options.videoResult === 'as_requested' && video.film.delivery === 'inline');
  const source = isInline ? { data: INLINE_VIDEO } : { uri: downloadUri(video.fileName) };
  const content = [{ type: 'video', mime_type: 'video/mp4', ...source }];
  return [...steps, { type: 'model_output', content }];
}
