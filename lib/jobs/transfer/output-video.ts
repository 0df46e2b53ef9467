import type { GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError } from '../../errors.js';
import { statusOf } from '../../shared/http-status.js';
import { InlineVideoStore, type InlineVideo } from './inline-video.js';
import type { ReadInteraction } from './interaction-content.js';
import { streamInteraction, type StreamedInteraction } from './interaction-reader.js';
import { retry } from '../../shared/retry.js';
import type { TransferOptions } from './resumable-download.js';
import { isTransient, retryDelay } from '../transient-error.js';

const MAX_ATTEMPTS = 4;
const MAX_QUOTED_LENGTH = 300;

/** The video of an interaction: its location, or its bytes. Narrow it with `if (video.uri)`. */
export type OutputVideo = LinkedVideo | InlineVideo;

/** A video that Gemini keeps as a file, for 48 hours. */
export interface LinkedVideo {
  readonly mimeType: string;
  /** Requires the API key: pass it to `downloadVideo`. */
  readonly uri: string;
  readonly sizeBytes?: undefined;
  readonly stream?: undefined;
}

/** Options of `outputVideo`. */
export interface OutputVideoOptions extends TransferOptions {
  /**
   * Max time of each attempt to read the interaction, in milliseconds.
   * @default 120000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Folder for the bytes of an inline video.
   * @default the system's folder for temporary files, which may be in memory
   */
  readonly temporaryFolder?: string | undefined;
}

/**
 * Reads the video of an interaction that has completed. Inline bytes are decoded as they arrive, into a temporary file.
 * A read that is interrupted or fails temporarily is retried up to three times.
 *
 * @param interactionId the bare id (`v1_…`)
 * @throws GeminiWebhooksError `invalid_argument` for a malformed id or an interaction that has not completed with a
 *   video, `transfer_failed` for a response that is interrupted or damaged; TimeoutError; the SDK's `ApiError` for what the API
 *   refuses
 */
export async function outputVideo(
  ai: GoogleGenAI,
  interactionId: string,
  { signal, retryDelayMs = 500, timeoutMs, temporaryFolder }: OutputVideoOptions = {},
): Promise<OutputVideo> {
  return retry(() => readOnce(ai, interactionId, { signal, timeoutMs, temporaryFolder }), {
    attempts: MAX_ATTEMPTS,
    delayMs: (attempt, error) => retryDelay(error, retryDelayMs * 2 ** attempt),
    isTransient: (error) => isTransient(error) || isSpuriousNotFound(error),
    signal,
  });
}

/** Gemini has returned 404 for an existing interaction (googleapis/python-genai#2985). */
function isSpuriousNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

async function readOnce(
  ai: GoogleGenAI,
  id: string,
  { signal, timeoutMs, temporaryFolder }: OutputVideoOptions,
): Promise<OutputVideo> {
  const store = new InlineVideoStore(temporaryFolder);
  try {
    return await videoOf(await streamInteraction(ai, id, (piece) => store.take(piece), { signal, timeoutMs }), store);
  } catch (error) {
    await store.remove();
    throw error;
  }
}

async function videoOf(
  { interaction, inlineVideo }: StreamedInteraction,
  store: InlineVideoStore,
): Promise<OutputVideo> {
  const { status, video } = interaction;
  if (status !== 'completed' || !video) throw noVideo(interaction);
  const { mimeType, uri } = video;
  if (inlineVideo && 'index' in inlineVideo) return store.video(mimeType, inlineVideo.index);
  if (inlineVideo?.base64) return store.video(mimeType, await store.add(inlineVideo.base64));
  await store.remove();
  if (uri !== undefined) return { mimeType, uri };
  throw noVideo(interaction);
}

function noVideo({ id, status, text, errors }: ReadInteraction): GeminiWebhooksError {
  const reason = text || errors.map(({ message }) => message ?? '').join(' ');
  const said = reason === '' ? '' : ` Gemini said: ${JSON.stringify(reason.slice(0, MAX_QUOTED_LENGTH))}`;
  const what = status === 'completed' ? 'it completed without one' : `its status is ${status}`;
  return new GeminiWebhooksError('invalid_argument', `GeminiJobs: interaction ${id} has no video: ${what}.${said}`);
}
