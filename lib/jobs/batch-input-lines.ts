import type { Content, GenerationConfig, SafetySetting, Tool, ToolConfig } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';

const PIECE_LENGTH = 65_536;

/**
 * A request as the API has it in a file. What the SDK's parameters have in `config` stands in `generationConfig`
 * (`temperature`, `responseSchema`, …) or beside it.
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
  /** What this package does not know yet is written as it is. */
  readonly [field: string]: unknown;
}

/** One request of a batch. */
export interface BatchInputRequest {
  /** Comes back with the result. Give each request its own. */
  readonly key: string;
  readonly request: BatchInputContent;
}

/** Requests as they are made: no more of them are taken than can be written. */
export type BatchInputRequests = AsyncIterable<BatchInputRequest> | Iterable<BatchInputRequest>;

/**
 * The requests as JSONL, some lines a piece.
 *
 * @throws GeminiWebhooksError `invalid_argument` for no request, one without key or contents, or more than `maxBytes`
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
    throw invalid(`the requests come to more than ${maxBytes} bytes, which no batch may. Make several of them`);
  };
  for await (const request of requests) {
    text += lineOf(request, index);
    index += 1;
    if (text.length >= PIECE_LENGTH) yield flushed();
  }
  if (index === 0) throw invalid('got no request at all');
  yield flushed();
}

function lineOf({ key, request }: BatchInputRequest, index: number): string {
  if (typeof key !== 'string' || key === '') throw invalid(`request ${index} has no key. Give each its own`);
  if (!Array.isArray(request?.contents)) {
    throw invalid(`request ${index} (${JSON.stringify(key)}) has no array of contents, which the API wants in a file`);
  }
  if (request['config'] !== undefined) {
    throw invalid(`request ${index} (${JSON.stringify(key)}) has a config. In a file it is called generationConfig`);
  }
  return `${JSON.stringify({ key, request })}\n`;
}

function invalid(what: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `GeminiJobs.batchInput: ${what}.`);
}
