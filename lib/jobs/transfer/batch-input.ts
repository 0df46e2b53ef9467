import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { File, GoogleGenAI, UploadFileConfig } from '@google/genai';
import { isApiError } from '../api-error.js';
import { GeminiWebhooksError } from '../../errors.js';
import { callOptions, describe } from '../../shared/check-object.js';
import { abortable } from '../abortable.js';
import { batchInputLines, type BatchInputRequests } from './batch-input-lines.js';

/** Gemini's limit for a batch's input: 2 GB (wire.md, "Batch"). */
const MAX_INPUT_BYTES = 2 * 1024 ** 3;

/** Options of `batchInput`. */
export interface BatchInputOptions {
  /**
   * The file's name at Gemini: `files/` and 1 to 40 lowercase letters, digits or dashes, not known to other projects. If
   * your project has this file already, it is returned and nothing is uploaded. So a start that is repeated under the same
   * `idempotencyKey` gives the same `src`.
   * @default a new name for each upload
   */
  readonly name?: string | undefined;
  /** Display name of the file. */
  readonly displayName?: string | undefined;
  /**
   * MIME type of the file.
   * @default 'jsonl', as in Google's documentation
   */
  readonly mimeType?: string | undefined;
  /**
   * Folder for the whole input until it is uploaded.
   * @default the system's folder for temporary files, which may be in memory
   */
  readonly temporaryFolder?: string | undefined;
  /** Ends the upload, which then rejects with the signal's reason and leaves no file. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a batch's requests as JSONL and uploads them with constant memory. The API requires the length first, so the
 * requests are written to a temporary file, which the SDK uploads. The file is always removed. Nothing is uploaded if the
 * requests fail or exceed 2 GB.
 *
 * @example
 * const file = await jobs.batchInput(requests());
 * await jobs.createBatch({ model: 'gemini-3.8-flash', src: { fileName: file.name! } });
 *
 * @throws GeminiWebhooksError `invalid_argument` without any request, for one without key or contents, or over 2 GB;
 *   what the iterable throws; the SDK's errors for what the API refuses
 */
export async function batchInput(
  ai: GoogleGenAI,
  requests: BatchInputRequests,
  options: BatchInputOptions = {},
): Promise<File> {
  const given = callOptions('GeminiJobs.batchInput', options);
  const { name, displayName, mimeType = 'jsonl', temporaryFolder = tmpdir(), signal } = given;
  checkTexts({ name, displayName, mimeType, temporaryFolder });
  checkIterable(requests);
  signal?.throwIfAborted();
  const existing = name === undefined ? undefined : await existingFile(ai, name);
  if (existing) return existing;
  const folder = await mkdtemp(join(temporaryFolder, 'gemini-batch-'));
  try {
    const path = join(folder, 'requests.jsonl');
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    const lines = batchInputLines(requests, MAX_INPUT_BYTES);
    // An aborted pipeline would still wait for the next request of the iterable.
    await abortable(pipeline(lines, file, { ...(signal && { signal }) }), signal);
    const config = { mimeType, ...(name !== undefined && { name }), ...(displayName !== undefined && { displayName }) };
    const uploaded = await upload(ai, path, config, signal);
    signal?.throwIfAborted();
    return uploaded;
  } catch (error) {
    signal?.throwIfAborted();
    // Another process may have uploaded it meanwhile.
    const uploaded = name === undefined || !isApiError(error) ? undefined : await existingFile(ai, name);
    if (uploaded) return uploaded;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checkTexts(options: Readonly<Record<string, unknown>>): void {
  for (const [option, given] of Object.entries(options)) {
    if (given !== undefined && typeof given !== 'string')
      throw new GeminiWebhooksError(
        'invalid_argument',
        `GeminiJobs.batchInput: ${option}: got ${describe(given)}. Give a string.`,
      );
  }
}

function checkIterable(requests: unknown): void {
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = Object(requests) as Record<symbol, unknown>;
  if (typeof sync === 'function' || typeof async === 'function') return;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs.batchInput: got ${describe(requests)} for the requests. Give a list, or an iterable such as a generator's.`,
  );
}

/** Gemini answers 403 for a file that the project does not have, and for one of another project. */
async function existingFile(ai: GoogleGenAI, name: string): Promise<File | undefined> {
  try {
    return await ai.files.get({ name });
  } catch (error) {
    if (isApiError(error) && (error.status === 403 || error.status === 404)) return undefined;
    throw error;
  }
}

async function upload(
  ai: GoogleGenAI,
  path: string,
  config: UploadFileConfig,
  signal: AbortSignal | undefined,
): Promise<File> {
  // The SDK's upload accepts no signal. Truncating its file ends it before Gemini has created a file.
  const cut = () => void truncate(path).catch(() => undefined);
  signal?.addEventListener('abort', cut, { once: true });
  try {
    const file = (await ai.files.upload({ file: path, config })) as File | undefined;
    if (file?.name === undefined) {
      throw new GeminiWebhooksError('transfer_failed', 'GeminiJobs: Gemini accepted the upload but returned no file.');
    }
    if (signal?.aborted) await ai.files.delete({ name: file.name });
    return file;
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}
