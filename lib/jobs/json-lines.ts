import { isUtf8 } from 'node:buffer';

const NEWLINE = 0x0a;

/** A line of a JSONL file: what it says, or why it cannot be read. */
export type JsonLine =
  | { readonly line: number; readonly value: unknown; readonly problem?: undefined }
  | { readonly line: number; readonly problem: string };

/**
 * Makes lines of a JSONL file out of its bytes, wherever these are cut: no byte of a UTF-8 character is 0x0A. Lines are
 * counted from 1; blank ones are left out. A line is parsed when it is asked for, so that but one of them is held.
 */
export class JsonLines {
  readonly #maxLineBytes: number;
  #line = 0;
  #unfinished: Uint8Array[] = [];
  #unfinishedBytes = 0;

  /** @param maxLineBytes of a line without its end: a longer one is not held, and reported as a problem */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that end in this chunk. Take all of them before the next one. */
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

  /** What stands behind the last line end. */
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
    // What is not UTF-8 is decoded to this character, which may also stand there by right.
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
