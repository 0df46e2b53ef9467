import { createHash, hash } from 'node:crypto';

/** Bytes that SHA-256 digests at a time. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** The largest content that is copied for a one-shot digest. Copying a larger one costs more than it saves. */
const MAX_COPIED_BYTES = 8_192;
const copied = Buffer.alloc(BLOCK_BYTES + MAX_COPIED_BYTES);

/**
 * Key of HMAC-SHA256 (RFC 2104). In a server, the `Hmac` object that `createHmac` creates for each delivery is slow to set up:
 * two one-shot digests take less CPU time.
 */
export class HmacKey {
  readonly #inner: Buffer;
  /** The outer pad, and space for the inner digest. */
  readonly #outer: Buffer;

  constructor(secret: Uint8Array) {
    const key = secret.length > BLOCK_BYTES ? createHash('sha256').update(secret).digest() : secret;
    this.#inner = Buffer.alloc(BLOCK_BYTES, 0x36);
    this.#outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES).fill(0x5c, 0, BLOCK_BYTES);
    for (const [index, byte] of key.entries()) {
      this.#inner[index]! ^= byte;
      this.#outer[index]! ^= byte;
    }
  }

  /** Returns the digest of `head`, which is ASCII, and `body`, as a binary string. */
  digest(head: string, body: Buffer): string {
    this.#outer.write(this.#innerDigest(head, body), BLOCK_BYTES, 'latin1');
    return hash('sha256', this.#outer, 'binary');
  }

  #innerDigest(head: string, body: Buffer): string {
    const length = head.length + body.length;
    if (length > MAX_COPIED_BYTES)
      return createHash('sha256').update(this.#inner).update(head).update(body).digest('binary');
    this.#inner.copy(copied);
    copied.write(head, BLOCK_BYTES, 'latin1');
    body.copy(copied, BLOCK_BYTES + head.length);
    return hash('sha256', copied.subarray(0, BLOCK_BYTES + length), 'binary');
  }
}
