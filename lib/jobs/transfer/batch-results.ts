import { callOptions } from '../../shared/check-object.js';
import type { BatchJob, GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { loadGeminiSdk } from '../../config/gemini-client.js';
import { GeminiWebhooksError } from '../../errors.js';
import { isObject } from '../../shared/is-object.js';
import { batchEntries, type EntryReader } from './batch-entries.js';
import { failureOf, labelsOf, type BatchResultError, type BatchResultLabels } from './batch-entry.js';
import type { BatchOutput } from './batch-output.js';
import type { TransferOptions } from './resumable-download.js';
import { asResponse } from './wire-response.js';

export type { BatchResultError } from './batch-entry.js';

/** Result of one request of a batch. Narrow it with `if (result.error)`. */
export type BatchResult = BatchResultLabels &
  (
    | { readonly response: GenerateContentResponse; readonly error?: undefined }
    | { readonly error: BatchResultError; readonly response?: undefined }
  );

/**
 * Yields a batch's results one by one, from its file or from the batch itself. A file is streamed: memory is bounded by its
 * longest line. A failed request is a result with an `error`, and so is a line that is not JSON or longer than 64 MiB. An
 * interrupted download is resumed. Results have the order of the output, which may differ from that of the requests
 * (googleapis/python-genai#1909).
 *
 * @param batch the SDK's `BatchJob`, or its name (`batches/…`)
 * @throws GeminiWebhooksError `invalid_argument` when the batch has no readable output, `transfer_failed`
 *   when the file changed, ended too early or is a page; the SDK's `ApiError` for what the API refuses: 403 means that
 *   the file is older than 48 hours, or another project's
 */
export function batchResults(
  ai: GoogleGenAI,
  batch: BatchJob | string,
  options: TransferOptions = {},
): AsyncGenerator<BatchResult, void, undefined> {
  return batchEntries(
    ai,
    batch,
    callOptions('GeminiJobs.batchResults', options),
    resultReader,
    'has neither a response nor an error',
    refuseEmbeddings,
  );
}

async function resultReader(): Promise<EntryReader<BatchResult>> {
  const { prototype } = (await loadGeminiSdk()).GenerateContentResponse;
  return (entry, index) => {
    const error = failureOf(entry);
    if (error) return { ...labelsOf(entry, index), error };
    const { response } = entry;
    if (!isObject(response)) return undefined;
    // Assigned instead of copied, because there may be millions of results.
    const result = labelsOf(entry, index) as { response?: GenerateContentResponse } & BatchResultLabels;
    result.response = asResponse(response, prototype);
    return result as BatchResult;
  };
}

function refuseEmbeddings(output: BatchOutput): void {
  if (output.fileName !== undefined || !output.areEmbeddings) return;
  throw new GeminiWebhooksError(
    'invalid_argument',
    'GeminiJobs: the results of the batch are embeddings. Read them with embeddingResults.',
  );
}
