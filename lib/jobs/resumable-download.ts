import { ApiError } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { fileAnswerOf } from './file-answer.js';
import type { GeminiHttp } from './gemini-http.js';
import { keyedGet, shownUrl } from './keyed-get.js';
import { pause } from './pause.js';

const MAX_FRUITLESS_TRIES = 6;
const LONGEST_DELAY_MS = 30_000;
const LONGEST_ERROR_BYTES = 65_536;
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** What every transfer takes. */
export interface TransferOptions {
  /** Ends the transfer, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds before a download that was cut goes on; doubles with each try that brings nothing new, up to 30 s.
   * @default 500
   */
  readonly retryDelayMs?: number | undefined;
}

/** What a try came to that did not bring the rest of the file: a body to read, the end, or why it ended early. */
type Answer =
  { readonly body: AsyncIterable<Uint8Array>; readonly toSkip: number } | { readonly isComplete: true } | Interruption;

interface Interruption {
  readonly error: unknown;
}

/**
 * The bytes of a file, each once and in order, however often the connection is cut: it goes on with `Range` from the
 * first byte it does not have, and where the server sends the whole file again, what it has is skipped. Six tries in a
 * row that bring nothing new end it. Leaving the loop ends the connection.
 *
 * @throws ApiError (the SDK's) for an answer that no later try would better, or the last of the tries;
 *   GeminiWebhooksError `transfer_failed` when the file has changed meanwhile or does not come to its end
 */
export class ResumableDownload implements AsyncIterable<Uint8Array> {
  readonly #http: GeminiHttp;
  readonly #url: URL;
  readonly #signal: AbortSignal | undefined;
  readonly #retryDelayMs: number;
  #received = 0;
  #totalBytes: number | undefined;
  #etag: string | undefined;
  #isEncoded = false;

  constructor(http: GeminiHttp, url: URL, { signal, retryDelayMs = 500 }: TransferOptions = {}) {
    this.#http = http;
    this.#url = url;
    this.#signal = signal;
    this.#retryDelayMs = retryDelayMs;
  }

  /** The file's length, once the server has said it. */
  get totalBytes(): number | undefined {
    return this.#totalBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (let fruitless = 0; ;) {
      const before = this.#received;
      const interruption = yield* this.#try();
      if (!interruption) return;
      fruitless = this.#received > before ? 0 : fruitless + 1;
      if (fruitless === MAX_FRUITLESS_TRIES) throw interruption.error;
      const delayMs = this.#retryDelayMs * 2 ** fruitless * (1 + Math.random() / 2);
      await pause(Math.min(delayMs, LONGEST_DELAY_MS), this.#signal);
    }
  }

  async *#try(): AsyncGenerator<Uint8Array, Interruption | undefined, undefined> {
    const answer = await this.#ask();
    if ('error' in answer) return answer;
    if ('isComplete' in answer) return undefined;
    let { toSkip } = answer;
    try {
      for await (const chunk of answer.body) {
        const news = chunk.subarray(toSkip);
        toSkip = Math.max(toSkip - chunk.length, 0);
        if (news.length === 0) continue;
        this.#received += news.length;
        if (this.#received > (this.#totalBytes ?? Infinity)) break;
        yield news;
      }
    } catch (error) {
      this.#signal?.throwIfAborted();
      return { error: this.#failure(`was cut after ${this.#received} bytes`, error) };
    }
    return this.#interruptionOf(toSkip);
  }

  async #ask(): Promise<Answer> {
    this.#signal?.throwIfAborted();
    const range = this.#received > 0 && !this.#isEncoded ? { range: `bytes=${this.#received}-` } : {};
    try {
      // Offsets are of the bytes as they are sent, so those must be the file's own.
      const headers = { 'accept-encoding': 'identity', ...range };
      return await this.#read(await keyedGet(this.#http, this.#url, headers, this.#signal));
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof GeminiWebhooksError || error instanceof ApiError) throw error;
      return { error: this.#failure('could not be reached', error) };
    }
  }

  async #read(response: Response): Promise<Answer> {
    const { status, body } = response;
    if (TRANSIENT.has(status)) return { error: await apiErrorOf(response) };
    if (status !== 200 && status !== 206 && status !== 416) throw await apiErrorOf(response);
    try {
      const { start, totalBytes, etag, isEncoded } = fileAnswerOf(response);
      this.#checkUnchanged(etag, totalBytes);
      this.#isEncoded = isEncoded;
      // A connection can be cut between the last byte and the end of a body whose length was not announced.
      if (status === 416 && totalBytes === this.#received) {
        await body?.cancel();
        return { isComplete: true };
      }
      if (start === undefined || start > this.#received) throw this.#failure('is not sent from where it was cut');
      return { body: body ?? noBytes(), toSkip: this.#received - start };
    } catch (error) {
      await body?.cancel();
      throw error;
    }
  }

  #checkUnchanged(etag: string | undefined, totalBytes: number | undefined): void {
    const differ = (now: unknown, then: unknown) => now !== undefined && then !== undefined && now !== then;
    if (differ(etag, this.#etag) || differ(totalBytes, this.#totalBytes)) {
      throw this.#failure('has changed while it was read');
    }
    this.#etag ??= etag;
    this.#totalBytes ??= totalBytes;
  }

  /** A body that ended well need not have been the whole rest. */
  #interruptionOf(toSkip: number): Interruption | undefined {
    const total = this.#totalBytes;
    if (total !== undefined && this.#received > total) throw this.#failure(`is longer than its ${total} bytes`);
    if (toSkip === 0 && this.#received === (total ?? this.#received)) return undefined;
    return { error: this.#failure(`ended after ${this.#received} bytes${total === undefined ? '' : ` of ${total}`}`) };
  }

  #failure(what: string, cause?: unknown): GeminiWebhooksError {
    const message = `GeminiJobs: ${shownUrl(this.#url)} ${what}.`;
    return new GeminiWebhooksError('transfer_failed', message, cause === undefined ? {} : { cause });
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** The error that the SDK makes of such an answer: its body is the message. */
async function apiErrorOf({ body, status, statusText }: Response): Promise<ApiError> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? noBytes()) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LONGEST_ERROR_BYTES) break;
  }
  const message = Buffer.concat(chunks).subarray(0, LONGEST_ERROR_BYTES).toString();
  return new ApiError({ message: message || `${status} ${statusText}`, status });
}
