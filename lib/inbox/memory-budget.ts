/** Memory of a running event besides its body: the delivery, the handlers' contexts and the promises that wait for them. */
const EVENT_BYTES = 6_144;
/** V8 uses 56 bytes for an empty object, and about as many for an array of one element. */
const CONTAINER_BYTES = 64;
/** A slot in the parent, and a number or a name on the heap. */
const VALUE_BYTES = 32;

const [COMMA, COLON, BRACE, BRACKET] = [0x2c, 0x3a, 0x7b, 0x5b];

/**
 * Returns an upper estimate of the memory that a delivery uses, in bytes: its body and the event parsed from it. A body of
 * many small objects uses 20 times its size once it is parsed.
 */
export function estimatedBytes(body: Buffer): number {
  let bytes = EVENT_BYTES + 2 * body.length;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === BRACE || byte === BRACKET) bytes += CONTAINER_BYTES;
    else if (byte === COMMA || byte === COLON) bytes += VALUE_BYTES;
  }
  return bytes;
}

/** Counts the memory that deliveries use, up to a limit. */
export class MemoryBudget {
  readonly #limit: number;
  #reserved = 0;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get reserved(): number {
    return this.#reserved;
  }

  /** Reserves the bytes and returns true if the limit allows. A single delivery is always allowed, whatever its size. */
  tryReserve(bytes: number): boolean {
    if (this.#reserved > 0 && this.#reserved + bytes > this.#limit) return false;
    this.#reserved += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#reserved -= bytes;
  }
}
