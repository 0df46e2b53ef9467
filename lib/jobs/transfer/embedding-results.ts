import { callOptions } from '../../shared/check-object.js';
import type { BatchJob, ContentEmbedding, GoogleGenAI } from '@google/genai';
import { isObject } from '../../shared/is-object.js';
import { batchEntries } from './batch-entries.js';
import { failureOf, labelsOf, type BatchEntry, type BatchResultError, type BatchResultLabels } from './batch-entry.js';
import type { TransferOptions } from './resumable-download.js';

/** Result of one request of an embedding batch. Narrow it with `if (result.error)`. */
export type EmbeddingResult = BatchResultLabels &
  (
    | {
        /** The SDK's type: the vector is in `values`. */
        readonly embedding: ContentEmbedding;
        /** Number of tokens of the input, if Gemini returns it. */
        readonly tokenCount?: number;
        readonly error?: undefined;
      }
    | { readonly error: BatchResultError; readonly embedding?: undefined }
  );

/**
 * Yields the results of an embedding batch (`ai.batches.createEmbeddings`) one by one, from its file or from the batch
 * itself, as `batchResults` does. The shape of an entry is the SDK's `InlinedEmbedContentResponse`;
 * `embeddings` with one element is accepted as well.
 *
 * @param batch the SDK's `BatchJob`, or its name (`batches/…`)
 * @throws as `batchResults`
 */
export function embeddingResults(
  ai: GoogleGenAI,
  batch: BatchJob | string,
  options: TransferOptions = {},
): AsyncGenerator<EmbeddingResult, void, undefined> {
  return batchEntries(
    ai,
    batch,
    callOptions('GeminiJobs.embeddingResults', options),
    () => resultOf,
    'has neither an embedding nor an error',
  );
}

function resultOf(entry: BatchEntry, index: number): EmbeddingResult | undefined {
  const error = failureOf(entry);
  if (error) return { ...labelsOf(entry, index), error };
  const { response } = entry;
  const embedding = isObject(response) ? embeddingOf(response) : undefined;
  if (!embedding) return undefined;
  const tokenCount = isObject(response) ? countOf(response['tokenCount']) : undefined;
  return { ...labelsOf(entry, index), embedding, ...(tokenCount !== undefined && { tokenCount }) };
}

function embeddingOf({ embedding, embeddings }: BatchEntry): ContentEmbedding | undefined {
  const one: unknown = embedding ?? (Array.isArray(embeddings) && embeddings.length === 1 ? embeddings[0] : undefined);
  return isObject(one) && Array.isArray(one['values']) ? (one as ContentEmbedding) : undefined;
}

/** The API sends an int64, which is a string in JSON. */
function countOf(tokenCount: unknown): number | undefined {
  const count = typeof tokenCount === 'string' && tokenCount !== '' ? Number(tokenCount) : tokenCount;
  return typeof count === 'number' && Number.isSafeInteger(count) ? count : undefined;
}
