import { randomUUID } from 'node:crypto';
import { GeminiWebhooksError } from '../../errors.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const INITIAL_BYTES = 65_536;

/** Part of a string that is too long to keep: its bytes as they stand between the quotes, escapes included. */
export interface LongStringPiece {
  /** Number of the string, counted from 0 in the order of the document. */
  readonly index: number;
  readonly bytes: Buffer;
}

/** Limits of a `LongStringFilter`, in bytes. */
export interface LongStringLimits {
  /** Max length of a string that stays in the document. */
  readonly maxStringBytes: number;
  /** Max length of the document without its long strings. */
  readonly maxRestBytes: number;
}

/**
 * Separates the long strings of a JSON document from the rest of it, in one pass over its bytes, wherever these are
 * cut. Each long string is replaced by a placeholder, so the rest is a small JSON document.
 */
export class LongStringFilter {
  readonly #limits: LongStringLimits;
  /** Random, so that no string of the document can pass for a placeholder. */
  readonly #token = randomUUID();
  #rest = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;
  #longStrings = 0;
  #isInString = false;
  #isLong = false;
  #isEscaped = false;
  #stringStart = 0;

  constructor(limits: LongStringLimits) {
    this.#limits = limits;
  }

  /**
   * Reads a chunk and yields the pieces of long strings in it. Take all of them before the next chunk: they are views
   * of this one.
   *
   * @throws GeminiWebhooksError `transfer_failed` when the rest exceeds `maxRestBytes`
   */
  *push(chunk: Uint8Array): Generator<LongStringPiece, void, undefined> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length;) {
      const quote = this.#isInString ? this.#closingQuote(bytes, at) : bytes.indexOf(QUOTE, at);
      const end = quote === -1 ? bytes.length : quote;
      const piece = this.#isInString
        ? this.#takeString(bytes.subarray(at, end))
        : this.#append(bytes.subarray(at, end));
      if (piece) yield piece;
      if (quote !== -1) this.#takeQuote();
      at = end + 1;
    }
  }

  /** Returns the document with placeholders in the place of its long strings. */
  rest(): string {
    return this.#rest.toString('utf8', 0, this.#length);
  }

  /** Returns the number of the long string that a value of the parsed rest stands for, if it is a placeholder. */
  indexOf(value: unknown): number | undefined {
    if (typeof value !== 'string' || !value.startsWith(this.#token)) return undefined;
    return Number(value.slice(this.#token.length + 1));
  }

  #takeString(bytes: Buffer): LongStringPiece | undefined {
    const index = this.#longStrings;
    if (this.#isLong) return bytes.length > 0 ? { index, bytes } : undefined;
    const before = this.#rest.subarray(this.#stringStart, this.#length);
    if (before.length + bytes.length <= this.#limits.maxStringBytes) return this.#append(bytes);
    this.#isLong = true;
    this.#length = this.#stringStart;
    return { index, bytes: Buffer.concat([before, bytes]) };
  }

  #takeQuote(): void {
    if (this.#isLong) {
      this.#append(Buffer.from(`${this.#token}:${this.#longStrings}`));
      this.#longStrings += 1;
    }
    this.#append(Buffer.of(QUOTE));
    this.#isInString = !this.#isInString;
    this.#isLong = false;
    this.#stringStart = this.#length;
  }

  /** A quote closes the string unless an odd number of backslashes precedes it, some of them in the chunk before. */
  #closingQuote(bytes: Buffer, start: number): number {
    let wasEscaped = this.#isEscaped;
    this.#isEscaped = false;
    for (let from = start; ;) {
      const quote = bytes.indexOf(QUOTE, from);
      const end = quote === -1 ? bytes.length : quote;
      let run = end;
      while (run > from && bytes[run - 1] === BACKSLASH) run -= 1;
      const isEscaped = (end - run + (run === from && wasEscaped ? 1 : 0)) % 2 === 1;
      if (quote === -1) this.#isEscaped = isEscaped;
      if (quote === -1 || !isEscaped) return quote;
      wasEscaped = false;
      from = quote + 1;
    }
  }

  #append(bytes: Buffer): undefined {
    const length = this.#length + bytes.length;
    if (length > this.#limits.maxRestBytes) {
      throw new GeminiWebhooksError(
        'transfer_failed',
        `GeminiJobs: the response has more than ${this.#limits.maxRestBytes} bytes besides its long strings.`,
      );
    }
    if (length > this.#rest.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.#rest.length * 2));
      this.#rest.copy(larger, 0, 0, this.#length);
      this.#rest = larger;
    }
    bytes.copy(this.#rest, this.#length);
    this.#length = length;
  }
}
