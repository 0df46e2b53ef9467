import type { ApiError } from '@google/genai';
import { GeminiWebhooksError } from '../../errors.js';
import { apiErrorOf, isApiError } from '../api-error.js';
import { expiredFileError } from './expired-file.js';
import { fileResponseOf } from './file-response.js';
import type { GeminiHttp } from '../gemini-http.js';
import { isOfApi } from './file-url.js';
import { authenticatedGet, shownUrl } from './authenticated-get.js';
import { pause } from '../../shared/pause.js';
import { counted } from '../../shared/counted.js';
import { isTransientStatus, retryDelay } from '../transient-error.js';

const MAX_FRUITLESS_TRIES = 6;

/** Options of every transfer. */
export interface TransferOptions {
  /** Ends the transfer, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds before an interrupted download is resumed; doubles after each attempt without new bytes, up to 30 s.
   * @default 500
   */
  readonly retryDelayMs?: number | undefined;
}

/** Result of a request: a body to read, the end of the file, or the reason of an interruption. */
type Answer =
  { readonly body: AsyncIterable<Uint8Array>; readonly toSkip: number } | { readonly isComplete: true } | Interruption;

interface Interruption {
  readonly error: unknown;
}

/**
 * Yields the bytes of a file, each once and in order, however often the connection is interrupted. Resumes with `Range` from
 * the first missing byte, and skips known bytes if the server sends the whole file again. Gives up after six attempts in a
 * row without new bytes. Leaving the loop closes the connection.
 *
 * @throws ApiError (the SDK's) for a response that no retry can fix, or of the last attempt; GeminiWebhooksError
 *   `transfer_failed` when the file has changed meanwhile or is incomplete
 */
export class ResumableDownload implements AsyncIterable<Uint8Array> {
  readonly #http: GeminiHttp;
  readonly #url: URL;
  readonly #signal: AbortSignal | undefined;
  readonly #retryDelayMs: number;
  readonly #refusedTypes: RegExp | undefined;
  #received = 0;
  #totalBytes: number | undefined;
  #etag: string | undefined;
  #isEncoded = false;

  /** @param refusedTypes content types of answers that cannot be the file */
  constructor(http: GeminiHttp, url: URL, { signal, retryDelayMs = 500 }: TransferOptions = {}, refusedTypes?: RegExp) {
    this.#http = http;
    this.#url = url;
    this.#refusedTypes = refusedTypes;
    this.#signal = signal;
    this.#retryDelayMs = retryDelayMs;
  }

  /** Length of the file, once the server has sent it. */
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
      await pause(retryDelay(interruption.error, this.#retryDelayMs * 2 ** fruitless), this.#signal);
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
      return { error: this.#failure(`was cut after ${counted(this.#received, 'byte')}`, error) };
    }
    return this.#interruptionOf(toSkip);
  }

  async #ask(): Promise<Answer> {
    this.#signal?.throwIfAborted();
    const range = this.#received > 0 && !this.#isEncoded ? { range: `bytes=${this.#received}-` } : {};
    try {
      // Offsets refer to the bytes as sent, so they must not be compressed.
      const headers = { 'accept-encoding': 'identity', ...range };
      return await this.#read(await authenticatedGet(this.#http, this.#url, headers, this.#signal));
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof GeminiWebhooksError || isApiError(error)) throw error;
      return { error: this.#failure('could not be reached', error) };
    }
  }

  async #read(response: Response): Promise<Answer> {
    const { status, body } = response;
    if (isTransientStatus(status)) return { error: await apiErrorOf(response) };
    if (status !== 200 && status !== 206 && status !== 416) throw await this.#refusal(response);
    try {
      this.#checkType(response);
      const { start, totalBytes, etag, isEncoded } = fileResponseOf(response);
      this.#checkUnchanged(etag, totalBytes);
      this.#isEncoded = isEncoded;
      // The connection of a body without a length may break after its last byte.
      if (status === 416 && totalBytes === this.#received) {
        await body?.cancel();
        return { isComplete: true };
      }
      if (start === undefined || start > this.#received) throw this.#failure('was not resumed at the requested offset');
      return { body: body ?? noBytes(), toSkip: this.#received - start };
    } catch (error) {
      await body?.cancel();
      throw error;
    }
  }

  async #refusal(response: Response): Promise<ApiError> {
    const error = await apiErrorOf(response);
    return error.status === 403 && isOfApi(this.#http, this.#url) ? expiredFileError(this.#url, error) : error;
  }

  /** Proxies and login pages also respond with 200. */
  #checkType({ status, headers }: Response): void {
    const type = headers.get('content-type') ?? '';
    if (status === 416 || !this.#refusedTypes?.test(type)) return;
    throw this.#failure(`is not the file: the response's content type is ${JSON.stringify(type.slice(0, 100))}`);
  }

  #checkUnchanged(etag: string | undefined, totalBytes: number | undefined): void {
    const differ = (now: unknown, then: unknown) => now !== undefined && then !== undefined && now !== then;
    if (differ(etag, this.#etag) || differ(totalBytes, this.#totalBytes)) {
      throw this.#failure('has changed while it was read');
    }
    this.#etag ??= etag;
    this.#totalBytes ??= totalBytes;
  }

  /** A body that ended without an error may still be incomplete. */
  #interruptionOf(toSkip: number): Interruption | undefined {
    const total = this.#totalBytes;
    if (total !== undefined && this.#received > total)
      throw this.#failure(`is longer than its ${counted(total, 'byte')}`);
    if (toSkip === 0 && this.#received === (total ?? this.#received)) return undefined;
    return {
      error: this.#failure(
        `ended after ${counted(this.#received, 'byte')}${total === undefined ? '' : ` of ${total}`}`,
      ),
    };
  }

  #failure(what: string, cause?: unknown): GeminiWebhooksError {
    const message = `GeminiJobs: ${shownUrl(this.#url)} ${what}.`;
    return new GeminiWebhooksError('transfer_failed', message, cause === undefined ? {} : { cause });
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
