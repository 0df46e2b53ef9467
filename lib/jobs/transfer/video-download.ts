import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GoogleGenAI } from '@google/genai';
import { waitForFile, type ReadinessOptions } from './file-readiness.js';
import { fileUrl } from './file-url.js';
import { geminiHttp } from '../gemini-http.js';
import { outputVideo, type OutputVideoOptions } from './output-video.js';
import { ResumableDownload } from './resumable-download.js';

const NO_FILM = /^(?:text\/html|application\/(?:json|xhtml\+xml))\b/i;

/** Progress of a download. */
export interface DownloadProgress {
  readonly bytes: number;
  /** Length of the file, if the server sends it. */
  readonly totalBytes?: number;
}

/** Location of a video: its URI, its file's name (`files/…`), or the id of the interaction that created it. */
export type VideoSource = string | { readonly interaction: string };

/** Options of `downloadVideo`. */
export interface VideoDownloadOptions extends ReadinessOptions, Pick<OutputVideoOptions, 'temporaryFolder'> {
  /** Called after each piece. An error that it throws ends the download. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** Bytes of a video, and their number if it is known. */
interface VideoBytes extends AsyncIterable<Uint8Array> {
  readonly totalBytes: number | undefined;
}

/**
 * Downloads a video as a stream, once Gemini has processed its file. The file at a path appears only when the video is
 * complete: until then there is a temporary file beside it, which is removed on failure. A stream is ended after the last
 * byte, and destroyed on failure. An interrupted download is resumed. The API key is sent to the client's own API only, so
 * a signed URL of another host is read without it.
 *
 * @throws GeminiWebhooksError `invalid_argument` for a `gs:` URI, a source that names no file, or an interaction without
 *   a video; `transfer_failed` when the file changed, ended too early, could not be processed by Gemini or is a page
 *   instead of a video; TimeoutError; the SDK's `ApiError` for what the API refuses: 403 means that the file is older
 *   than 48 hours, or another project's
 */
export async function downloadVideo(
  ai: GoogleGenAI,
  video: VideoSource,
  destination: string | Writable,
  options: VideoDownloadOptions = {},
): Promise<void> {
  if (typeof video === 'string') fileUrl(geminiHttp(ai), video);
  const bytes = openedOnRead(() => openVideo(ai, video, options));
  if (typeof destination === 'string') await writeFile(bytes, destination, options);
  else await write(bytes, destination, options);
}

/** Opens the video within the pipeline, so that a failure on either side ends both. */
function openedOnRead(open: () => Promise<VideoBytes>): VideoBytes {
  let opened: VideoBytes | undefined;
  return {
    get totalBytes() {
      return opened?.totalBytes;
    },
    async *[Symbol.asyncIterator]() {
      opened = await open();
      yield* opened;
    },
  };
}

async function openVideo(ai: GoogleGenAI, video: VideoSource, options: VideoDownloadOptions): Promise<VideoBytes> {
  if (typeof video === 'string') return openFile(ai, video, options);
  const { signal, retryDelayMs, temporaryFolder } = options;
  const output = await outputVideo(ai, video.interaction, { signal, retryDelayMs, temporaryFolder });
  if (output.uri !== undefined) return openFile(ai, output.uri, options);
  return Object.assign(output.stream(), { totalBytes: output.sizeBytes });
}

async function openFile(ai: GoogleGenAI, file: string, options: VideoDownloadOptions): Promise<VideoBytes> {
  const http = geminiHttp(ai);
  const url = fileUrl(http, file);
  await waitForFile(http, url, options);
  return new ResumableDownload(http, url, options, NO_FILM);
}

async function writeFile(video: VideoBytes, path: string, options: VideoDownloadOptions): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await write(video, createWriteStream(temporary, { flags: 'wx', flush: true }), options);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function write(
  video: VideoBytes,
  destination: Writable,
  { signal, onProgress }: VideoDownloadOptions,
): Promise<void> {
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    let bytes = 0;
    for await (const chunk of chunks) {
      yield chunk;
      bytes += chunk.length;
      const { totalBytes } = video;
      onProgress?.({ bytes, ...(totalBytes !== undefined && { totalBytes }) });
    }
  };
  try {
    await pipeline(video, counted, destination, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
