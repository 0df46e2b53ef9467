import type { Readable } from 'node:stream';
import { GeminiWebhooksError } from '../../errors.js';
import { Base64Decoder } from './base64-decoder.js';
import type { LongStringPiece } from './long-string-filter.js';
import { TemporaryFile } from './temporary-file.js';

/**
 * A video that the interaction contains inline. Its bytes are in a temporary file, which is removed when the stream ends or
 * is destroyed, by `dispose()`, and at the latest when the process ends.
 */
export class InlineVideo {
  readonly uri?: undefined;
  readonly mimeType: string;
  readonly sizeBytes: number;
  readonly #file: TemporaryFile;
  readonly #start: number;
  #isConsumed = false;

  /** @internal */
  constructor(mimeType: string, file: TemporaryFile, { start, sizeBytes }: StoredBytes) {
    this.mimeType = mimeType;
    this.sizeBytes = sizeBytes;
    this.#file = file;
    this.#start = start;
  }

  /**
   * Returns a stream of the video's bytes. Can be called once.
   *
   * @throws GeminiWebhooksError `invalid_argument` the second time, or after `dispose()`
   */
  stream(): Readable {
    if (this.#isConsumed) {
      throw new GeminiWebhooksError(
        'invalid_argument',
        'GeminiJobs: this inline video was streamed or disposed of before. Call outputVideo again.',
      );
    }
    this.#isConsumed = true;
    return this.#file.stream(this.#start, this.sizeBytes);
  }

  /** Removes the temporary file. Has no effect on a stream that was returned before. */
  async dispose(): Promise<void> {
    this.#isConsumed = true;
    await this.#file.remove();
  }

  /** Does what `dispose()` does, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** Position of a string's bytes in the temporary file. */
interface StoredBytes {
  readonly start: number;
  readonly sizeBytes: number;
}

/** Decodes strings that arrive in pieces into one temporary file. Only the end of the response says which one is the video. */
export class InlineVideoStore {
  readonly #folder: string | undefined;
  readonly #starts: number[] = [];
  readonly #problems: (string | undefined)[] = [];
  #decoder = new Base64Decoder();
  #file: TemporaryFile | undefined;
  #isRemoved = false;

  constructor(folder?: string) {
    this.#folder = folder;
  }

  /** Takes the next piece. Strings come one after the other. */
  async take({ index, bytes }: LongStringPiece): Promise<void> {
    if (this.#isRemoved) return;
    this.#file ??= await TemporaryFile.create(this.#folder);
    if (index === this.#starts.length) {
      await this.#finish();
      this.#decoder = new Base64Decoder();
      this.#starts.push(this.#file.sizeBytes);
    }
    await this.#file.append(this.#decoder.push(bytes));
  }

  /** Takes a whole string and returns its number. */
  async add(base64: string): Promise<number> {
    const index = this.#starts.length;
    await this.take({ index, bytes: Buffer.from(base64) });
    return index;
  }

  /**
   * Returns one of the strings as a video.
   *
   * @throws GeminiWebhooksError `transfer_failed` for a string that is empty or not base64
   */
  async video(mimeType: string, index: number): Promise<InlineVideo> {
    await this.#finish();
    const start = this.#starts[index] ?? 0;
    const sizeBytes = (this.#starts[index + 1] ?? this.#file?.sizeBytes ?? 0) - start;
    const problem = this.#problems[index] ?? (sizeBytes === 0 ? 'is empty' : undefined);
    if (problem === undefined && this.#file) return new InlineVideo(mimeType, this.#file, { start, sizeBytes });
    throw new GeminiWebhooksError('transfer_failed', `GeminiJobs: the data of the inline video ${problem}.`);
  }

  /** Removes what was stored. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    await this.#file?.remove();
  }

  async #finish(): Promise<void> {
    const last = this.#starts.length - 1;
    if (last < 0 || last in this.#problems) return;
    await this.#file?.append(this.#decoder.end());
    this.#problems[last] = this.#decoder.problem;
  }
}
