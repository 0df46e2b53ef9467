import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { HmacKey } from '../../../lib/signature/hmac-key.js';

const hexOf = (key: HmacKey, head: string, body: Buffer) =>
  Buffer.from(key.digest(head, body), 'binary').toString('hex');

/** Test cases 1, 2, 3 and 6 of RFC 4231. */
const VECTORS: [string, Buffer, string, Buffer, string][] = [
  [
    'of 20 bytes',
    Buffer.alloc(20, 0x0b),
    'Hi ',
    Buffer.from('There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    'shorter than the digest',
    Buffer.from('Jefe'),
    'what do ya want ',
    Buffer.from('for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'that signs bytes',
    Buffer.alloc(20, 0xaa),
    '',
    Buffer.alloc(50, 0xdd),
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  ],
  [
    'longer than a block',
    Buffer.alloc(131, 0xaa),
    'Test Using Larger Than Block-Size Key',
    Buffer.from(' - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
];

describe('HmacKey', () => {
  it.each(VECTORS)('gives the published digest for a key %s', (_, secret, head, body, digest) => {
    expect(hexOf(new HmacKey(secret), head, body)).toBe(digest);
  });

  it.each([63, 64, 65])(
    'gives what createHmac gives, for a key of %i bytes, around the length of a block',
    (length) => {
      const secret = Buffer.alloc(length, 0x61);
      const expected = createHmac('sha256', secret).update('head').update('body').digest('hex');

      expect(hexOf(new HmacKey(secret), 'head', Buffer.from('body'))).toBe(expected);
    },
  );

  it('gives what createHmac gives, for keys and bodies of all lengths', () => {
    const secret = fc.uint8Array({ minLength: 1, maxLength: 200 });
    const head = fc.string({ unit: 'grapheme-ascii', maxLength: 300 });
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.integer({ min: 7_800, max: 8_300 }).map((length) => Buffer.alloc(length, 'x')),
      fc.constant(Buffer.alloc(262_144, 'y')),
    );
    fc.assert(
      fc.property(secret, fc.array(fc.tuple(head, body), { minLength: 1, maxLength: 4 }), (bytes, contents) => {
        // One key signs all of them: nothing of one content may remain for the next.
        const key = new HmacKey(bytes);
        for (const [start, rest] of contents) {
          const expected = createHmac('sha256', bytes).update(start).update(rest).digest('hex');
          expect(hexOf(key, start, rest)).toBe(expected);
        }
      }),
      { numRuns: 200 },
    );
  });
});
