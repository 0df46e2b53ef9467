import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import { parseSignatureHeaders } from '../../../lib/signature/signature-headers.js';
import {
  bodyOf,
  GoogleKeys,
  headers,
  hmacEntry,
  newSecret,
  seconds,
  withEd25519,
  withHmac,
} from '../../support/senders.js';
import { codeOf, requestOf, verifierOf } from '../../support/verifying.js';

const secret = newSecret();
const google = new GoogleKeys();
const { verifier } = verifierOf({ hmac: { secrets: secret }, jwks: { keySet: google.keySet }, binding: false });

const text = fc.string({ unit: 'binary', maxLength: 300 });
const base64 = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes).toString('base64'));
const token = fc
  .array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 })
  .map((parts) => `eyJ${parts.map((part) => Buffer.from(part).toString('base64url')).join('.')}`);
const entry = fc.oneof(
  base64(32).map((signature) => `v1,${signature}`),
  base64(64).map((signature) => `v1a,${signature}`),
  token,
  text,
);
const signature = fc.array(entry, { maxLength: 20 }).map((entries) => entries.join(' '));
const now = fc.constant('').map(() => String(seconds(new Date())));
const value = (likely: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 4, arbitrary: likely }, text, fc.constant(undefined), fc.array(text, { maxLength: 3 }));
const anyHeaders = fc.record({
  'webhook-id': value(fc.constant('msg_1')),
  'webhook-timestamp': value(now),
  'webhook-signature': value(signature),
});
const body = fc.oneof(
  fc.uint8Array({ maxLength: 500 }).map(Buffer.from),
  fc.json().map((json) => Buffer.from(json)),
);

describe('for all headers and bodies', () => {
  it('parsing returns headers or throws a GeminiWebhooksError', () => {
    fc.assert(
      fc.property(anyHeaders, (given) => {
        try {
          expect(parseSignatureHeaders(given).id).toBe(given['webhook-id']);
        } catch (error) {
          if (!(error instanceof GeminiWebhooksError)) throw error;
          expect(['missing_header', 'malformed_header']).toContain(error.code);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('unsigned deliveries do not verify, and every refusal is a GeminiWebhooksError', async () => {
    const codes = ['missing_header', 'malformed_header', 'timestamp_out_of_tolerance', 'signature_mismatch'];
    await fc.assert(
      fc.asyncProperty(anyHeaders, body, async (given, bytes) => {
        expect(codes).toContain(await codeOf(() => verifier.verify(requestOf({ headers: given, body: bytes }))));
      }),
      { numRuns: 300 },
    );
  });

  it('changing any bit of the signed content breaks the signature', async () => {
    const signed = [withHmac(secret, bodyOf('ping')), withEd25519(google.key(), bodyOf('ping'))];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...signed), fc.nat(), fc.nat(7), fc.nat(2), async (delivery, at, bit, where) => {
        const [scheme, encoded] = delivery.headers['webhook-signature']!.split(',') as [string, string];
        const parts = [
          Buffer.from(delivery.body),
          Buffer.from(encoded, 'base64'),
          Buffer.from(delivery.headers['webhook-id']!),
        ];
        parts[where]![at % parts[where]!.length]! ^= 1 << bit;
        const [bytes, changed, id] = parts as [Buffer, Buffer, Buffer];
        const forged = {
          ...delivery.headers,
          'webhook-id': id.toString('latin1'),
          'webhook-signature': `${scheme},${changed.toString('base64')}`,
        };

        const code = await codeOf(() => verifier.verify(requestOf({ headers: forged, body: bytes })));
        expect(code).toBe(/^[\x21-\x7e]+$/.test(forged['webhook-id']) ? 'signature_mismatch' : 'malformed_header');
      }),
      { numRuns: 300 },
    );
  });

  it('deliveries signed by standardwebhooks verify and keep their fields', async () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('data', '__proto__', 'constructor', 'version', 'id'),
    );
    const fields = fc.dictionary(name, fc.jsonValue({ depthSize: 'small' }));
    await fc.assert(
      fc.asyncProperty(fields, fc.oneof(text, fc.constantFrom('batch.failed', '__proto__')), async (given, type) => {
        const sent = withHmac(secret, JSON.stringify({ ...given, type }));
        const parsed = JSON.parse(sent.body) as Record<string, unknown>;

        const { event } = await verifier.verify(requestOf(sent));

        for (const [field, fieldValue] of Object.entries(parsed)) {
          if (['data', 'userMetadata', 'resource', 'delivery'].includes(field)) continue;
          expect(Object.getOwnPropertyDescriptor(event, field)?.value).toEqual(fieldValue);
        }
        const { data } = parsed;
        expect(event.data).toEqual(typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {});
        expect(event.delivery).toMatchObject({ strategy: 'hmac', sentType: type });
      }),
      { numRuns: 300 },
    );
  });

  it('a signed body that is not an object never becomes an event', async () => {
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        fc.pre(!isObjectWithType(bytes));
        const date = new Date();
        const signed = headers('msg_1', date, hmacEntry(secret, 'msg_1', seconds(date), bytes));

        expect(await codeOf(() => verifier.verify(requestOf({ headers: signed, body: bytes })))).toBe(
          'malformed_event',
        );
      }),
      { numRuns: 200 },
    );
  });
});

function isObjectWithType(bytes: Buffer): boolean {
  try {
    return typeof (JSON.parse(bytes.toString()) as { type?: unknown } | null)?.type === 'string';
  } catch {
    return false;
  }
}
