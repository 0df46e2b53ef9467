import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { signGeminiDelivery, type SignedDelivery } from '../../../lib/testing/index.js';
import { newSecret } from '../../support/senders.js';
import { refusalOf } from '../../support/verifying.js';

const secret = newSecret();
const event = { type: 'batch.succeeded', data: { id: 'b1' } };
const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const signatureOf = ({ headers }: SignedDelivery<string | Buffer>) => headers['webhook-signature'];

/** Standard Webhooks' own content to be signed, by hand. */
function isSignedBy(key: KeyObject, { headers, body }: SignedDelivery<string | Buffer>): boolean {
  const signed = Buffer.concat([
    Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`),
    Buffer.from(body),
  ]);
  return verify(null, signed, key, Buffer.from(headers['webhook-signature'].replace('v1a,', ''), 'base64'));
}

describe('signGeminiDelivery with a secret', () => {
  it('creates deliveries that the standardwebhooks package verifies', () => {
    const { headers, body } = signGeminiDelivery({ event, secret });

    expect(new Webhook(secret).verify(body, headers)).toEqual({
      ...event,
      version: 'v1',
      timestamp: expect.any(String),
    });
  });

  it('signs with several secrets, as during a rotation', () => {
    const secrets = [newSecret(), newSecret()];
    const { headers, body } = signGeminiDelivery({ event, secret: secrets });

    for (const one of secrets) expect(new Webhook(one).verify(body, headers)).toMatchObject(event);
    expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow('No matching signature');
  });

  it('uses the given id and time, or defaults', () => {
    const timestamp = new Date('2026-01-22T12:00:00.999Z');
    const given = signGeminiDelivery({ event, secret, id: 'msg_7', timestamp });
    const [one, two] = [1, 2].map(() => signGeminiDelivery({ event, secret }).headers['webhook-id']);

    expect(given.headers).toMatchObject({ 'webhook-id': 'msg_7', 'webhook-timestamp': '1769083200' });
    expect(JSON.parse(given.body)).toMatchObject({ timestamp: '2026-01-22T12:00:00.999Z' });
    expect(one).toMatch(/^msg_[\da-f-]{36}$/);
    expect(one).not.toBe(two);
  });

  it('keeps the version and timestamp of an event', () => {
    const full = { ...event, version: 'v2', timestamp: 'then', more: [1] };

    expect(JSON.parse(signGeminiDelivery({ event: full, secret }).body)).toEqual(full);
  });

  it.each(['', 'no JSON', '{ "type" : "x" }'])('sends the text %j unchanged', (text) => {
    const { headers, body } = signGeminiDelivery({ event: text, secret });

    expect(body).toBe(text);
    expect(new Webhook(secret).verify(body, headers, { jsonParse: false })).toBeUndefined();
  });

  it('sends bytes unchanged, even if they are not UTF-8', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
    const delivery = signGeminiDelivery({ event: bytes, privateKey: ed25519.privateKey });

    expect(Buffer.from(delivery.body)).toEqual(bytes);
    expect(isSignedBy(ed25519.publicKey, delivery)).toBe(true);
  });
});

describe('signGeminiDelivery with a private key', () => {
  it.each([
    ['a KeyObject', ed25519.privateKey],
    ['a PEM', ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a JWK', ed25519.privateKey.export({ format: 'jwk' })],
  ])('creates a v1a entry that node:crypto verifies, with %s', (_, privateKey) => {
    const delivery = signGeminiDelivery({ event, privateKey });

    expect(signatureOf(delivery)).toMatch(/^v1a,/);
    expect(isSignedBy(ed25519.publicKey, delivery)).toBe(true);
    expect(isSignedBy(generateKeyPairSync('ed25519').publicKey, delivery)).toBe(false);
  });

  it.each([
    ['RS256', rsa, {}],
    ['ES256', p256, {}],
    ['EdDSA', ed25519, { scheme: 'jwt' as const }],
  ])(
    'creates a %s token that jose verifies, whose claims are the event',
    async (alg, { privateKey, publicKey }, options) => {
      const timestamp = new Date();
      const delivery = signGeminiDelivery({
        event,
        privateKey,
        timestamp,
        id: 'msg_7',
        keyId: 'k1',
        claims: { aud: 'me', iss: 'google' },
        ...options,
      });

      const { payload, protectedHeader } = await jwtVerify(signatureOf(delivery), publicKey, {
        audience: 'me',
        issuer: 'google',
      });

      expect(protectedHeader).toMatchObject({ alg, kid: 'k1' });
      expect(payload).toMatchObject({
        ...event,
        version: 'v1',
        jti: 'msg_7',
        iat: Math.floor(timestamp.getTime() / 1000),
      });
      expect(JSON.parse(delivery.body)).toMatchObject(event);
    },
  );

  it('accepts any claims, including iat and jti', async () => {
    const iat = Math.floor(Date.now() / 1000) - 1;
    const delivery = signGeminiDelivery({
      event,
      privateKey: rsa.privateKey,
      claims: { iat, jti: 'j', exp: iat + 60 },
    });

    expect((await jwtVerify(signatureOf(delivery), rsa.publicKey)).payload).toMatchObject({
      iat,
      jti: 'j',
      exp: iat + 60,
    });
    expect(decodeProtectedHeader(signatureOf(delivery))).not.toHaveProperty('kid');
  });

  it.each([
    ['v1a with RSA', rsa.privateKey, 'v1a', /Ed25519 key, not rsa/],
    ['v1a with P-256', p256.privateKey, 'v1a', /Ed25519 key/],
    ['a token with P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, 'jwt', /not secp384r1/],
    ['a token with X25519', generateKeyPairSync('x25519').privateKey, 'jwt', /not x25519/],
  ] as const)('refuses %s, which nobody could verify', async (_, privateKey, scheme, says) => {
    const { code, message } = await refusalOf(() => signGeminiDelivery({ event, privateKey, scheme }));

    expect(code).toBe('invalid_argument');
    expect(message).toMatch(says);
  });
});
