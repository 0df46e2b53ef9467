/** JSON escapes that may occur in base64 text. Whitespace is dropped. */
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['/', '/'],
  ['n', ''],
  ['r', ''],
  ['t', ''],
]);
const ESCAPE = /\\(?:u([0-9a-f]{4})|(.))/gi;
const CUT_ESCAPE = /\\(?:u[0-9a-f]{0,3})?$/i;

/**
 * Decodes base64 from the chunks of a JSON string: with the standard or the URL-safe alphabet, with or without padding, with
 * JSON escapes. Anything else sets `problem` and stops the decoding.
 */
export class Base64Decoder {
  #problem: string | undefined;
  /** Up to three characters that are not complete bytes yet. */
  #unfinished = '';
  #cutEscape = '';
  #isPadded = false;

  /** Why the text is not base64; `undefined` while it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Decodes the next part of the string. */
  push(raw: Buffer): Buffer {
    const text = this.#unfinished + this.#unpadded(this.#unescaped(raw.toString('latin1')));
    const end = text.length - (text.length % 4);
    this.#unfinished = text.slice(end);
    return this.#decoded(text.slice(0, end));
  }

  /** Decodes the rest at the end of the string. */
  end(): Buffer {
    if (this.#cutEscape !== '') this.#problem ??= 'ends within an escape';
    if (this.#unfinished.length === 1) this.#problem ??= 'ends within a byte';
    return this.#decoded(this.#unfinished);
  }

  #unescaped(part: string): string {
    const text = this.#cutEscape + part;
    this.#cutEscape = '';
    if (!text.includes('\\')) return text;
    this.#cutEscape = CUT_ESCAPE.exec(text)?.[0] ?? '';
    const whole = text.slice(0, text.length - this.#cutEscape.length);
    return whole.replace(ESCAPE, (escape, code?: string, short?: string) =>
      code === undefined ? (SHORT_ESCAPES.get(short ?? '') ?? escape) : characterOf(code),
    );
  }

  #unpadded(part: string): string {
    const padding = part.indexOf('=');
    if (padding === -1 && !this.#isPadded) return part;
    const [text, rest] = this.#isPadded ? ['', part] : [part.slice(0, padding), part.slice(padding)];
    this.#isPadded = true;
    if (!/^[=\s]*$/.test(rest)) this.#problem ??= 'goes on after its padding';
    return text;
  }

  #decoded(text: string): Buffer {
    if (this.#problem !== undefined) return Buffer.alloc(0);
    const bytes = Buffer.from(text, 'base64');
    // Node skips characters outside the alphabet, so the result is shorter.
    if (bytes.length === Math.floor((text.length * 3) / 4)) return bytes;
    this.#problem = 'has characters that are not base64';
    return Buffer.alloc(0);
  }
}

function characterOf(code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16)).trim();
}
