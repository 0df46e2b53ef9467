import { createHash } from 'node:crypto';
import { invalidArgument, requiredObject, type JsonObject } from './request-fields.js';
import { ApiError } from './simulated-api.js';
import { generateContent, FAILING_TEXT, promptIn, countTokens } from './simulated-model.js';

/** Default and maximum size of an embedding (ai.google.dev/gemini-api/docs/models/gemini-embedding-2, 2026-04). */
const MAX_DIMENSIONS = 3072;

/** Result of one request of a batch. */
export type RequestResult = { readonly response: JsonObject } | { readonly error: JsonObject };

/** API methods that start a batch; they determine the type of its requests. */
export type BatchMethod = 'batchGenerateContent' | 'asyncBatchEmbedContent';

/** Responds to the requests of one batch, in order. */
export interface BatchResponder {
  /** Returns an error for an invalid request. */
  respond(request: JsonObject): RequestResult;
}

/**
 * Creates the responder of a batch.
 *
 * @param isPartial true to fail the first request, as `partially_succeeded` requires
 */
export function batchResponder(model: string, method: BatchMethod, isPartial: boolean): BatchResponder {
  const call = method === 'batchGenerateContent' ? generateContent : embedContent;
  const resultOf = (request: JsonObject): RequestResult => {
    try {
      return call(request, model);
    } catch (error) {
      return { error: invalidRequest(error) };
    }
  };
  let failsNext = isPartial;
  return {
    respond: (request) => {
      const result = resultOf(request);
      if (!failsNext) return result;
      failsNext = false;
      return { error: FAILURE };
    },
  };
}

const FAILURE = { code: 13, message: 'Simulated failure of this request.', status: 'INTERNAL' } as const;

/** Converts an `ApiError` to the error of one request. @throws any other error */
export function invalidRequest(error: unknown): JsonObject {
  if (!(error instanceof ApiError)) throw error;
  return { code: 3, message: error.message, status: 'INVALID_ARGUMENT' };
}

/**
 * Responds to an `EmbedContentRequest` with `{ embedding: { values }, tokenCount }`, like the SDK's
 * `InlinedEmbedContentResponse`. Equal texts have equal embeddings.
 */
function embedContent(request: JsonObject): RequestResult {
  const text = promptIn(request['content']);
  const requested = request['outputDimensionality'] ?? request['output_dimensionality'] ?? MAX_DIMENSIONS;
  const dimensions = Number(requested);
  if (!Number.isSafeInteger(dimensions) || dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw invalidArgument(`output_dimensionality must be from 1 to ${MAX_DIMENSIONS}`);
  }
  requiredObject(request['content'], 'content');
  if (text.includes(FAILING_TEXT)) return { error: FAILURE };
  return { response: { embedding: { values: valuesOf(text, dimensions) }, tokenCount: String(countTokens(text)) } };
}

/** Returns numbers from -1 to 1 that depend only on the text. */
function valuesOf(text: string, dimensions: number): number[] {
  const digest = createHash('shake256', { outputLength: dimensions * 2 })
    .update(text)
    .digest();
  return Array.from({ length: dimensions }, (_, index) => digest.readInt16BE(index * 2) / 32_768);
}
