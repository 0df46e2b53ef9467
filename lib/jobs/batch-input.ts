import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { File, GoogleGenAI, UploadFileConfig } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { abortable } from './abortable.js';
import { batchInputLines, type BatchInputRequests } from './batch-input-lines.js';

/** What Gemini takes of a batch's input: 2 GB (wire.md, "Batch"). */
const LARGEST_INPUT_BYTES = 2 * 1024 ** 3;

/** What `batchInput` takes. */
export interface BatchInputOptions {
  /** The file's name as people see it. */
  readonly displayName?: string | undefined;
  /**
   * As what the file is uploaded.
   * @default 'jsonl', as in Google's documentation
   */
  readonly mimeType?: string | undefined;
  /**
   * Where the input lies until it is uploaded, all of it.
   * @default the system's folder for temporary files, which may be in memory
   */
  readonly temporaryFolder?: string | undefined;
  /** Ends it, which then rejects with the signal's reason and leaves no file. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a batch's requests as JSONL and uploads them, at constant memory. The API has to be told the length first, so
 * the requests are taken as fast as they can be written to a temporary file, and the SDK uploads from there. The file is
 * removed in any case; nothing is uploaded when the requests fail or come to more than 2 GB.
 *
 * @example
 * const file = await jobs.batchInput(requests());
 * await jobs.createBatch({ model: 'gemini-2.5-flash', src: { fileName: file.name } });
 *
 * @throws GeminiWebhooksError `invalid_argument` for no request at all, one without key or contents, or over 2 GB;
 *   what the iterable throws; the SDK's errors for what the API refuses
 */
export async function batchInput(
  ai: GoogleGenAI,
  requests: BatchInputRequests,
  { displayName, mimeType = 'jsonl', temporaryFolder = tmpdir(), signal }: BatchInputOptions = {},
): Promise<File> {
  signal?.throwIfAborted();
  const folder = await mkdtemp(join(temporaryFolder, 'gemini-batch-'));
  try {
    const path = join(folder, 'requests.jsonl');
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    const lines = batchInputLines(requests, LARGEST_INPUT_BYTES);
    // A pipeline that is aborted still waits for the request that was asked for last.
    await abortable(pipeline(lines, file, { ...(signal && { signal }) }), signal);
    const uploaded = await upload(ai, path, { mimeType, ...(displayName !== undefined && { displayName }) }, signal);
    signal?.throwIfAborted();
    return uploaded;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function upload(
  ai: GoogleGenAI,
  path: string,
  config: UploadFileConfig,
  signal: AbortSignal | undefined,
): Promise<File> {
  // The SDK's upload takes no signal. It ends where its file does, before Gemini has made a file of it.
  const cut = () => void truncate(path).catch(() => undefined);
  signal?.addEventListener('abort', cut, { once: true });
  try {
    const file = (await ai.files.upload({ file: path, config })) as File | undefined;
    if (file?.name === undefined) {
      throw new GeminiWebhooksError('transfer_failed', 'GeminiJobs: Gemini took the upload and gave no file for it.');
    }
    if (signal?.aborted) await ai.files.delete({ name: file.name });
    return file;
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}
