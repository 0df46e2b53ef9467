/** One request that must be refused, as bytes on a connection. */
export interface Attack {
  readonly what: string;
  /** Written one by one, each in a packet of its own. */
  readonly pieces: readonly Buffer[];
  /** Possible statuses of the response; `CLOSED` for a connection that is closed without one. */
  readonly answers: readonly number[];
  /**
   * What the client does then: sends the next request on the same connection, closes it after the response, or cuts it
   * without waiting for a response.
   */
  readonly after: 'continues' | 'closes' | 'cuts';
  /** True for a method whose response has no body. */
  readonly isHead?: boolean;
}

/** The connection was closed without a response. */
export const CLOSED = 0;

/** Pseudo-random choices that a seed repeats. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns a number from 0 to 1, exclusive (mulberry32). */
  number(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Returns a whole number from 0 to `below`, exclusive. */
  below(below: number): number {
    return Math.floor(this.number() * below);
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** Longer texts repeat themselves, which is fast. */
  text(length: number, alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/'): string {
    const block = Array.from({ length: Math.min(length, 64) }, () => alphabet[this.below(alphabet.length)]).join('');
    return block.repeat(Math.ceil(length / 64)).slice(0, length);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** Cuts the bytes into several pieces. */
  cut(bytes: Buffer, pieces: number): Buffer[] {
    const cuts = Array.from({ length: pieces - 1 }, () => this.below(bytes.length + 1)).toSorted((a, b) => a - b);
    return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
  }
}

/** Headers in the order in which they are sent. A name may occur more than once. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** Returns a request as bytes, with exactly these headers. Characters above U+00FF cannot be sent. */
export function requestBytes(
  headers: HeaderLines,
  body: Buffer | string = '',
  { method = 'POST', target = '/gemini/webhooks', version = '1.1' } = {},
): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/${version}\r\n${lines}\r\n`, 'latin1'),
    typeof body === 'string' ? Buffer.from(body) : body,
  ]);
}

/** Returns the headers with some replaced; `undefined` removes one. */
export function withHeaders(headers: HeaderLines, changes: Readonly<Record<string, string | undefined>>): HeaderLines {
  const kept = headers.filter(([name]) => !Object.hasOwn(changes, name));
  const added = Object.entries(changes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return [...kept, ...added];
}
