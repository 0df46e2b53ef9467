import type { GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError, TimeoutError } from '../../errors.js';
import { abortable } from '../abortable.js';
import { apiErrorOf } from '../api-error.js';
import { geminiHttp } from '../gemini-http.js';
import { interactionAnswer, type InteractionAnswer, type ReadInteraction } from './interaction-content.js';
import { authenticatedGet } from './authenticated-get.js';
import { LongStringFilter, type LongStringPiece } from './long-string-filter.js';
import { Semaphore } from '../../shared/semaphore.js';
import { StallTimeout } from './stall-timeout.js';
import { stringPrefix } from './string-prefix.js';
import { checkTimeout } from '../timeout-check.js';
import { InterruptedTransferError } from '../transient-error.js';

export type { ReadInteraction } from './interaction-content.js';

const LIMITS = { maxStringBytes: 64 * 1024, maxRestBytes: 8 * 1024 * 1024 };
const MAX_ANSWER_BYTES = 512 * 1024 * 1024;
/** A longer response most likely contains an inline video. A client reads one of those at a time. */
const LARGE_ANSWER_BYTES = 1024 * 1024;
const BEGINNING_BYTES = 16 * 1024;

const largeReads = new WeakMap<GoogleGenAI, Semaphore>();

/** Options of `readInteraction`. */
export interface ReadInteractionOptions {
  /** Ends the read, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Max time of the read in milliseconds, including the wait for another large one.
   * @default 120000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Max time in milliseconds without any byte of the response.
   * @default `timeoutMs`
   */
  readonly stallTimeoutMs?: number | undefined;
}

/** Receives the pieces of strings longer than 64 KiB. The next piece waits for its promise. */
export type LongStringSink = (piece: LongStringPiece) => Promise<void> | void;

/** An interaction whose long strings went to a sink. */
export interface StreamedInteraction {
  readonly interaction: ReadInteraction;
  /** The base64 of the inline video: the number of the long string, or the text itself where that is short. */
  readonly inlineVideo?: { readonly index: number } | { readonly base64: string };
}

/**
 * Reads an interaction's state with constant memory: an inline video of tens of MB, which the SDK would keep in memory, is
 * skipped. Sends one request, without retries. A client reads one large response at a time.
 *
 * @param id the bare id (`v1_…`), or with `interactions/` in front
 * @throws GeminiWebhooksError `invalid_argument` for a malformed id, before any request; `transfer_failed` for a
 *   response that is not an interaction, is interrupted or is larger than 512 MiB; TimeoutError; the SDK's `ApiError` with `headers`
 *   for what the API refuses
 */
export async function readInteraction(
  ai: GoogleGenAI,
  id: string,
  options: ReadInteractionOptions = {},
): Promise<ReadInteraction> {
  const { interaction } = await streamInteraction(ai, id, skip, options);
  return interaction;
}

/**
 * WHY an unused string: chunks are outside V8's heap, so reading them alone triggers no collection, and some 50 MiB of them
 * pile up. With allocations in the heap they are freed in time (test/bench/inline-video.js).
 */
function skip({ bytes }: LongStringPiece): void {
  bytes.toString('latin1');
}

/** Reads an interaction like `readInteraction`, and passes long strings to a sink as they arrive. */
export async function streamInteraction(
  ai: GoogleGenAI,
  id: string,
  sink: LongStringSink,
  { signal, timeoutMs = 120_000, stallTimeoutMs = timeoutMs }: ReadInteractionOptions = {},
): Promise<StreamedInteraction> {
  const bareId = checkInteractionId(id);
  checkTimeout('readInteraction', timeoutMs);
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const stall = new StallTimeout(stallTimeoutMs);
  const any = AbortSignal.any([timeout, stall.signal, ...(signal ? [signal] : [])]);
  try {
    return await abortable(request(ai, bareId, sink, any, stall), any);
  } catch (error) {
    signal?.throwIfAborted();
    if (!timeout.aborted && !stall.signal.aborted) throw error;
    const why = timeout.aborted ? `${timeoutMs} ms` : `no data for ${stallTimeoutMs} ms`;
    throw new TimeoutError(`GeminiJobs: interaction ${bareId} was not read in time (${why}).`, { cause: error });
  } finally {
    stall.stop();
  }
}

async function request(
  ai: GoogleGenAI,
  id: string,
  sink: LongStringSink,
  signal: AbortSignal,
  stall: StallTimeout,
): Promise<StreamedInteraction> {
  const http = geminiHttp(ai);
  const url = new URL(`${http.baseUrl}/interactions/${encodeURIComponent(id)}?stream=false`);
  const response = await sent(authenticatedGet(http, url, { accept: 'application/json' }, signal));
  if (!response.ok) throw await apiErrorOf(response);
  const filter = new LongStringFilter(LIMITS);
  const beginnings: Buffer[] = [];
  const take: LongStringSink = (piece) => {
    beginnings[piece.index] ??= Buffer.from(piece.bytes.subarray(0, BEGINNING_BYTES));
    return sink(piece);
  };
  await readBody(ai, response, filter, take, signal, stall);
  const { interaction, inlineData } = interactionAnswer(filter.rest(), id, (text) => {
    const index = filter.indexOf(text);
    return index === undefined ? text : stringPrefix(beginnings[index]!);
  });
  return { interaction, ...inlineVideoOf(filter, inlineData) };
}

async function sent(response: Promise<Response>): Promise<Response> {
  try {
    return await response;
  } catch (error) {
    throw error instanceof GeminiWebhooksError ? error : interrupted('did not arrive', error);
  }
}

async function readBody(
  ai: GoogleGenAI,
  response: Response,
  filter: LongStringFilter,
  sink: LongStringSink,
  signal: AbortSignal,
  stall: StallTimeout,
): Promise<void> {
  let release: (() => void) | undefined;
  let received = 0;
  try {
    for await (const chunk of chunksOf(response)) {
      signal.throwIfAborted();
      received += chunk.length;
      if (received > MAX_ANSWER_BYTES) throw tooLarge();
      // Waiting for another large read is not a stall.
      stall.stop();
      if (received > LARGE_ANSWER_BYTES) release ??= await semaphoreOf(ai).acquire(signal);
      stall.heard();
      for (const piece of filter.push(chunk)) await sink(piece);
    }
  } finally {
    release?.();
  }
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of body ?? []) yield chunk;
  } catch (error) {
    throw interrupted('was cut', error);
  }
}

function inlineVideoOf(
  filter: LongStringFilter,
  inlineData: InteractionAnswer['inlineData'],
): Pick<StreamedInteraction, 'inlineVideo'> {
  if (inlineData === undefined) return {};
  const index = filter.indexOf(inlineData);
  return { inlineVideo: index === undefined ? { base64: inlineData } : { index } };
}

function semaphoreOf(ai: GoogleGenAI): Semaphore {
  const known = largeReads.get(ai) ?? new Semaphore(1);
  largeReads.set(ai, known);
  return known;
}

/**
 * Returns the bare id of an interaction.
 *
 * @throws GeminiWebhooksError `invalid_argument` for an invalid id
 */
export function checkInteractionId(id: string): string {
  const [, bare] = (typeof id === 'string' && /^(?:interactions\/)?([\w.~:=-]{1,1024})$/.exec(id)) || [];
  if (bare !== undefined && !/^\.+$/.test(bare)) return bare;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs: got ${JSON.stringify(String(id).slice(0, 100))} for the id of an interaction. Give the id that interactions.create returned (v1_…).`,
  );
}

function interrupted(what: string, cause: unknown): InterruptedTransferError {
  return new InterruptedTransferError(`GeminiJobs: the response to an interaction's status check ${what}.`, { cause });
}

function tooLarge(): GeminiWebhooksError {
  return new GeminiWebhooksError(
    'transfer_failed',
    `GeminiJobs: the response to an interaction's status check is larger than ${MAX_ANSWER_BYTES} bytes.`,
  );
}
