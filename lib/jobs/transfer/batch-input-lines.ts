import type { Content, GenerationConfig, SafetySetting, Tool, ToolConfig } from '@google/genai';
import { GeminiWebhooksError } from '../../errors.js';

const PIECE_LENGTH = 65_536;

/**
 * A request in the API's format for files. The fields of the SDK's `config` belong in `generationConfig` (`temperature`,
 * `responseSchema`, …) or beside it.
 */
export interface BatchInputContent {
  readonly contents: readonly Content[];
  readonly generationConfig?: GenerationConfig;
  readonly systemInstruction?: Content;
  readonly tools?: readonly Tool[];
  readonly toolConfig?: ToolConfig;
  readonly safetySettings?: readonly SafetySetting[];
  /** `cachedContents/…` */
  readonly cachedContent?: string;
  /** Fields unknown to this package are written unchanged. */
  readonly [field: string]: unknown;
}

/** One request of a batch. */
export interface BatchInputRequest {
  /** Returned with the result. Give each request its own key. */
  readonly key: string;
  readonly request: BatchInputContent;
}

/** Requests, read only as fast as they can be written. */
export type BatchInputRequests = AsyncIterable<BatchInputRequest> | Iterable<BatchInputRequest>;

/**
 * Yields the requests as JSONL, several lines per piece.
 *
 * @throws GeminiWebhooksError `invalid_argument` without any request, for one without key or contents, or for more than
 *   `maxBytes`
 */
export async function* batchInputLines(
  requests: BatchInputRequests,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  let text = '';
  let bytes = 0;
  let index = 0;
  const flushed = () => {
    const piece = Buffer.from(text);
    text = '';
    bytes += piece.length;
    if (bytes <= maxBytes) return piece;
    throw invalid(
      `the requests have more than ${maxBytes} bytes, the limit of a batch. Split them into several batches`,
    );
  };
  for await (const request of requests) {
    text += lineOf(request, index);
    index += 1;
    if (text.length >= PIECE_LENGTH) yield flushed();
  }
  if (index === 0) throw invalid('got no requests');
  yield flushed();
}

function lineOf({ key, request }: BatchInputRequest, index: number): string {
  if (typeof key !== 'string' || key === '') throw invalid(`request ${index} has no key. Give each request its own`);
  if (!Array.isArray(request?.contents)) {
    throw invalid(
      `request ${index} (${JSON.stringify(key)}) has no array of contents, which the API requires in a file`,
    );
  }
  if (request['config'] !== undefined) {
    throw invalid(`request ${index} (${JSON.stringify(key)}) has a config. In a file it is called generationConfig`);
  }
  return `${JSON.stringify({ key, request })}\n`;
}

function invalid(what: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiJobs.batchInput: ${what}.`);
}
