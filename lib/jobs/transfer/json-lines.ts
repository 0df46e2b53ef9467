import { isUtf8 } from 'node:buffer';

const NEWLINE = 0x0a;

/** A line of a JSONL file: its value, or why it cannot be read. */
export type JsonLine =
  | { readonly line: number; readonly value: unknown; readonly problem?: undefined }
  | { readonly line: number; readonly problem: string };

/**
 * Splits the chunks of a JSONL file into lines: no multi-byte UTF-8 character contains 0x0A. Lines are counted from 1, and
 * blank ones are skipped. A line is parsed when it is read, so that only one is in memory.
 */
export class JsonLines {
  readonly #maxLineBytes: number;
  #line = 0;
  #unfinished: Uint8Array[] = [];
  #unfinishedBytes = 0;

  /** @param maxLineBytes max length of a line without its end: a longer one is dropped and reported as a problem */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Yields the lines that end in this chunk. Read all of them before the next chunk. */
  *push(chunk: Uint8Array): Generator<JsonLine, void, undefined> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const isWhole = this.#unfinishedBytes === 0;
      if (!isWhole) this.#keep(bytes.subarray(start, end));
      const line = isWhole ? this.#read(bytes, start, end) : this.#finished();
      start = end + 1;
      if (line) yield line;
    }
    this.#keep(bytes.subarray(start));
  }

  /** Yields the rest after the last line end. */
  *end(): Generator<JsonLine, void, undefined> {
    const line = this.#finished();
    if (line) yield line;
  }

  #keep(bytes: Uint8Array): void {
    this.#unfinishedBytes += bytes.length;
    if (this.#unfinishedBytes > this.#maxLineBytes) this.#unfinished = [];
    else if (bytes.length > 0) this.#unfinished.push(bytes);
  }

  #finished(): JsonLine | undefined {
    const isTooLong = this.#unfinishedBytes > this.#maxLineBytes;
    const bytes = Buffer.concat(this.#unfinished);
    this.#unfinished = [];
    this.#unfinishedBytes = 0;
    return isTooLong ? this.#tooLong() : this.#read(bytes, 0, bytes.length);
  }

  #read(bytes: Buffer, start: number, end: number): JsonLine | undefined {
    if (end - start > this.#maxLineBytes) return this.#tooLong();
    const text = bytes.toString('utf8', start, end);
    // Invalid UTF-8 is decoded to this character, but the text may also contain it.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) return this.#problem('is not UTF-8');
    try {
      const value: unknown = JSON.parse(text);
      this.#line += 1;
      return { line: this.#line, value };
    } catch {
      if (text.trim() !== '') return this.#problem('is not JSON');
      this.#line += 1;
      return undefined;
    }
  }

  #tooLong(): JsonLine {
    return this.#problem(`is longer than ${this.#maxLineBytes} bytes`);
  }

  #problem(problem: string): JsonLine {
    this.#line += 1;
    return { line: this.#line, problem };
  }
}
