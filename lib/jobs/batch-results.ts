import type { BatchJob, BatchJobDestination, GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { fileUrl } from './file-url.js';
import { geminiHttp } from './gemini-http.js';
import { JsonLines, type JsonLine } from './json-lines.js';
import { pause } from './pause.js';
import { ResumableDownload, type TransferOptions } from './resumable-download.js';
import { asResponse, type WireResponse } from './wire-response.js';

const LONGEST_LINE_BYTES = 64 * 1024 * 1024;
const OUTPUT_LOOKUPS = 6;

/** Why a request of a batch has no response. */
export interface BatchResultError {
  /** Google's code for it (`google.rpc.Code`), where Gemini gave one. */
  readonly code?: number;
  readonly message: string;
  /** As Gemini gives them. */
  readonly details?: readonly unknown[];
  /** Set when not the request failed but this line of the output file could not be read. Counted from 1. */
  readonly line?: number;
}

/** What became of one request of a batch. Narrow it with `if (result.error)`. */
export type BatchResult = {
  /** The request's own key, where it was given one. An unreadable line has none. */
  readonly key?: string;
  /** The place in the output, which has the order of the requests. Counted from 0. */
  readonly index: number;
} & (
  | { readonly response: GenerateContentResponse; readonly error?: undefined }
  | { readonly error: BatchResultError; readonly response?: undefined }
);

/**
 * A batch's output, one result after the other, whether Gemini keeps it in a file or in the batch itself. A file is read
 * as a stream: what is held is a piece of it, and no more than its longest line. A request that failed is a result with
 * an `error`, and so is a line that is no JSON or longer than 64 MiB. A download that is cut goes on where it was.
 *
 * @param batch the SDK's `BatchJob`, or its name (`batches/…`)
 * @throws GeminiWebhooksError `invalid_argument` when the batch has no output that can be read here, `transfer_failed`
 *   when the file changed or ended too early; the SDK's errors for what the API refuses
 */
export async function* batchResults(
  ai: GoogleGenAI,
  batch: BatchJob | string,
  options: TransferOptions = {},
): AsyncGenerator<BatchResult, void, undefined> {
  const { fileName, inlinedResponses } = await outputOf(ai, batch, options);
  if (fileName === undefined) {
    for (const [index, { metadata, ...result }] of (inlinedResponses ?? []).entries()) {
      options.signal?.throwIfAborted();
      yield resultOf({ ...result, key: metadata?.['key'] }, index);
    }
    return;
  }
  const http = geminiHttp(ai);
  const lines = new JsonLines(LONGEST_LINE_BYTES);
  let index = 0;
  for await (const chunk of new ResumableDownload(http, fileUrl(http, fileName), options)) {
    for (const line of lines.push(chunk)) yield resultOfLine(line, index++);
  }
  for (const line of lines.end()) yield resultOfLine(line, index++);
}

/** Where the output is. It has been seen to come a moment after the state that says that the batch succeeded. */
async function outputOf(
  ai: GoogleGenAI,
  batch: BatchJob | string,
  { signal, retryDelayMs = 500 }: TransferOptions,
): Promise<BatchJobDestination> {
  let job: BatchJob = typeof batch === 'string' ? { name: batch } : batch;
  for (let lookups = 0; ; lookups += 1) {
    const { dest, state, name } = job;
    if (dest?.fileName !== undefined || dest?.inlinedResponses !== undefined) return dest;
    const mayCome = lookups === 0 || (state === 'JOB_STATE_SUCCEEDED' && lookups < OUTPUT_LOOKUPS);
    if (dest !== undefined || name === undefined || !mayCome) throw noOutput(job);
    if (lookups > 0) await pause(retryDelayMs * 2 ** (lookups - 1), signal);
    signal?.throwIfAborted();
    job = await ai.batches.get({
      name: name.includes('/') ? name : `batches/${name}`,
      config: { ...(signal && { abortSignal: signal }) },
    });
  }
}

function noOutput({ name = 'without a name', state, dest }: BatchJob): GeminiWebhooksError {
  const elsewhere = dest?.gcsUri ?? dest?.bigqueryUri ?? (dest?.inlinedEmbedContentResponses && 'embeddings');
  return new GeminiWebhooksError(
    'invalid_argument',
    elsewhere === undefined
      ? `GeminiJobs: batch ${name} has no results: its state is ${state ?? 'unknown'}.`
      : `GeminiJobs: batch ${name} has its results as ${elsewhere}, which batchResults does not read.`,
  );
}

function resultOfLine(line: JsonLine, index: number): BatchResult {
  if (line.problem !== undefined) return unreadable(index, line.line, line.problem);
  if (!isObject(line.value)) return unreadable(index, line.line, 'is not an object');
  const result: WireResult = line.value;
  const hasContent = isObject(result.response) || isObject(result.error) || isObject(result.status);
  return hasContent ? resultOf(result, index) : unreadable(index, line.line, 'has neither a response nor an error');
}

function unreadable(index: number, line: number, problem: string): BatchResult {
  return { index, error: { message: `Line ${line} of the output ${problem}.`, line } };
}

/** A result as it is sent: a failure is an `error` or, as the documentation has it, a `status`. */
interface WireResult {
  readonly key?: string | undefined;
  readonly response?: WireResponse | undefined;
  readonly error?: Partial<BatchResultError> | undefined;
  readonly status?: Partial<BatchResultError> | undefined;
}

function resultOf({ key, response, error, status }: WireResult, index: number): BatchResult {
  const failure = isObject(error) ? error : status;
  if (isObject(response) && !isObject(failure)) {
    const ours = asResponse(response);
    return key === undefined ? { index, response: ours } : { key, index, response: ours };
  }
  const { code, message = 'Gemini gave no reason.', details } = failure ?? {};
  return {
    ...(key !== undefined && { key }),
    index,
    error: { ...(code !== undefined && { code }), message, ...(details && { details }) },
  };
}

function isObject<T>(value: T): value is T & object {
  return typeof value === 'object' && value !== null;
}
