import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GoogleGenAI } from '@google/genai';
import { fileUrl } from './file-url.js';
import { geminiHttp } from './gemini-http.js';
import { ResumableDownload, type TransferOptions } from './resumable-download.js';

/** How far a download has come. */
export interface DownloadProgress {
  readonly bytes: number;
  /** The file's length, where the server has said it. */
  readonly totalBytes?: number;
}

/** What `downloadVideo` takes. */
export interface VideoDownloadOptions extends TransferOptions {
  /** Called after each piece. What it throws ends the download. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/**
 * Downloads a video as a stream. A path gets its file when all of it is there and as long as announced: until then it
 * has a temporary name beside it, which is removed on failure. A stream is ended when all is written, and destroyed on
 * failure. A download that is cut goes on where it was. The API key is sent to the client's own API only, so a signed
 * URL of another host is read without it.
 *
 * @param video the URI that the event or the operation gives, or the file's name (`files/…`)
 * @throws GeminiWebhooksError `invalid_argument` for a `gs:` URI or no file at all, `transfer_failed` when the file
 *   changed or ended too early; the SDK's `ApiError` for what the API refuses
 */
export async function downloadVideo(
  ai: GoogleGenAI,
  video: string,
  destination: string | Writable,
  options: VideoDownloadOptions = {},
): Promise<void> {
  const http = geminiHttp(ai);
  const download = new ResumableDownload(http, fileUrl(http, video), options);
  if (typeof destination === 'string') await writeFile(download, destination, options);
  else await write(download, destination, options);
}

async function writeFile(download: ResumableDownload, path: string, options: VideoDownloadOptions): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await write(download, createWriteStream(temporary, { flags: 'wx', flush: true }), options);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function write(
  download: ResumableDownload,
  destination: Writable,
  { signal, onProgress }: VideoDownloadOptions,
): Promise<void> {
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    let bytes = 0;
    for await (const chunk of chunks) {
      yield chunk;
      bytes += chunk.length;
      const { totalBytes } = download;
      onProgress?.({ bytes, ...(totalBytes !== undefined && { totalBytes }) });
    }
  };
  try {
    await pipeline(download, counted, destination, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
