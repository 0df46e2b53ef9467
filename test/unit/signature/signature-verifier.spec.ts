import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import {
  bodyOf,
  GoogleKeys,
  headers,
  hmacEntry,
  newSecret,
  seconds,
  withEd25519,
  withHmac,
  withJwt,
} from '../../support/senders.js';
import { Authenticator } from '../../../lib/signature/authenticator.js';
import { codeOf, configOf, refusalOf, requestOf, verifierOf } from '../../support/verifying.js';

const secret = newSecret();
const google = new GoogleKeys();
const stranger = new GoogleKeys();
const body = bodyOf('batch.succeeded', { id: 'b1' });
const settings: GeminiWebhooksSettings = { hmac: { secrets: secret }, jwks: { keySet: google.keySet }, binding: false };

let error: jest.SpiedFunction<Logger['error']>;

beforeEach(() => {
  error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
});

afterEach(() => {
  jest.restoreAllMocks();
});

type Signed = Parameters<typeof requestOf>[0];
const verify = (delivery: Signed, given = settings) => verifierOf(given).verifier.verify(requestOf(delivery));
const signatureOf = ({ headers: given }: Signed) => given['webhook-signature'] as string;
const withSignatures = (delivery: Signed, ...entries: string[]): Signed => ({
  ...delivery,
  headers: { ...delivery.headers, 'webhook-signature': entries.join(' ') },
});

describe('a delivery signed in several ways', () => {
  const sent = { id: 'msg_1', date: new Date() };
  const v1 = withHmac(secret, body, sent);
  const v1a = withEd25519(google.key(1), body, sent);
  const claims = { type: 'batch.failed', data: { id: 'of-claims' }, iat: seconds(sent.date) };

  it.each([
    ['v1 before v1a', [v1, v1a], 'hmac'],
    ['v1 after v1a', [v1a, v1], 'hmac'],
    ['a wrong v1 beside a good v1a', [withHmac(newSecret(), body, sent), v1a], 'jwks'],
    ['a good v1 beside a wrong v1a', [v1, withEd25519(stranger.key(), body, sent)], 'hmac'],
  ])('reports the strategy that verified it: %s', async (_, signed, strategy) => {
    expect(await verify(withSignatures(v1, ...signed.map(signatureOf)))).toMatchObject({ strategy, id: 'msg_1' });
  });

  it('takes the event from the body if a body signature verifies beside a token', async () => {
    const token = signatureOf(await withJwt(google.rsa.privateKey, claims, { kid: 'rsa-0' }));

    for (const entries of [
      [token, signatureOf(v1a)],
      [signatureOf(v1), token],
    ]) {
      const { event, body: bytes } = await verify(withSignatures(v1, ...entries));
      expect(event).toMatchObject({ type: 'batch.succeeded', data: { id: 'b1' } });
      expect(bytes.toString()).toBe(body);
    }
  });

  it('takes the event from the claims if the body signature beside a token does not verify', async () => {
    const token = await withJwt(google.rsa.privateKey, claims, { kid: 'rsa-0', body });
    const forged = signatureOf(withEd25519(stranger.key(), body));

    const delivery = await verify(withSignatures(token, forged, signatureOf(token)));

    expect(delivery).toMatchObject({ strategy: 'jwks', attemptedAt: new Date(claims.iat * 1000) });
    expect(delivery.event).toMatchObject({ type: 'batch.failed', data: { id: 'of-claims' } });
    expect(JSON.parse(delivery.body.toString())).toEqual(claims);
  });

  it.each([
    ['v1', { hmac: false }, v1],
    ['v1a', { jwks: false }, v1a],
  ] as const)('is refused when it has %s only and that is turned off', async (_, off, delivery) => {
    expect(await refusalOf(() => verify(delivery, { ...settings, ...off }))).toMatchObject({
      code: 'signature_mismatch',
      message: 'No entry of webhook-signature verifies.',
    });
  });
});

describe('a delivery whose keys are unavailable', () => {
  const down: GeminiWebhooksSettings = {
    ...settings,
    hmac: { secrets: () => Promise.reject(new Error('vault is sealed')) },
  };

  it('is accepted if another scheme verifies it, and logs the failure', async () => {
    const v1 = signatureOf(withHmac(secret, body));
    const v1a = withEd25519(google.key(), body);

    expect(await verify(withSignatures(v1a, v1, signatureOf(v1a)), down)).toMatchObject({ strategy: 'jwks' });
    expect(error).toHaveBeenCalledWith(expect.stringContaining('vault is sealed'));
  });

  it('is refused with keys_unavailable if no other scheme verifies it', async () => {
    expect(await codeOf(() => verify(withHmac(secret, body), down))).toBe('keys_unavailable');
  });

  it('is malformed, not unavailable, if loaded secrets verify a body that is not an event', async () => {
    const loaded: GeminiWebhooksSettings = { ...settings, hmac: { secrets: async () => secret } };

    expect(await codeOf(() => verify(withHmac(secret, '7'), loaded))).toBe('malformed_event');
    expect(error).not.toHaveBeenCalled();
  });

  it('is logged with the doubt about stored secrets, which has no cause', async () => {
    const live = { isUsed: true, keys: () => [], newest: async () => ({ keys: [], doubt: 'The store is down.' }) };
    const authenticator = new Authenticator(configOf({ ...settings, hmac: false }), live);

    expect(await codeOf(() => authenticator.authenticate(requestOf(withHmac(secret, body))))).toBe('keys_unavailable');
    expect(error.mock.calls).toEqual([['The store is down.']]);
  });
});

describe('a delivery signed with a configured secret', () => {
  it('is verified without a promise, which would cost time', () => {
    expect(verifierOf(settings).verifier.verifyAtOnce(requestOf(withHmac(secret, body)))).not.toBeInstanceOf(Promise);
  });
});

describe('what is not a request', () => {
  const good = requestOf(withHmac(secret, body));

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['headers alone', { headers: good.headers }],
    ['no headers', { ...good, headers: undefined }],
    ['headers as a text', { ...good, headers: 'webhook-id: msg_1' }],
    ['the body as a text', { ...good, body: good.body.toString() }],
    ['no URL', { ...good, url: undefined }],
    ['no parameters', { ...good, params: undefined }],
    ['a parsed body', { ...good, body: JSON.parse(body) as unknown }],
  ])('is refused with advice: %s', async (_what, request) => {
    expect(await refusalOf(() => verifierOf(settings).verifier.verify(request as never))).toMatchObject({
      code: 'invalid_argument',
      message: 'SignatureVerifier.verify: give { headers, body, url, params } with the raw bytes as a Buffer in body.',
    });
  });
});

describe('a body that is not an event', () => {
  const bodies: [string, string | Buffer][] = [
    ['empty', ''],
    ['not JSON', '{"type":'],
    ['null', 'null'],
    ['a list', '[{"type":"batch.failed"}]'],
    ['a string', '"batch.failed"'],
    ['without a type', '{"data":{}}'],
    ['with a type that is no string', '{"type":7}'],
    ['with a type only in its prototype', '{"__proto__":{"type":"batch.failed"}}'],
    ['not UTF-8', Buffer.from([...Buffer.from('{"type":"'), 0xff, ...Buffer.from('"}')])],
  ];
  const date = new Date();

  it.each(bodies)('(%s) is malformed if its signature verifies, and a mismatch if not', async (_, bytes) => {
    const signed = headers('msg_1', date, hmacEntry(secret, 'msg_1', seconds(date), bytes));
    const forged = headers('msg_1', date, hmacEntry(newSecret(), 'msg_1', seconds(date), bytes));

    expect(await codeOf(() => verify({ headers: signed, body: bytes }))).toBe('malformed_event');
    expect(await codeOf(() => verify({ headers: forged, body: bytes }))).toBe('signature_mismatch');
  });

  it('is malformed in the claims of a token too', async () => {
    const token = await withJwt(google.rsa.privateKey, { iat: seconds(date) }, { kid: 'rsa-0', body });

    expect(await codeOf(() => verify(token))).toBe('malformed_event');
  });

  it('is refused for its size before any other check', async () => {
    const large = withHmac(secret, body.padEnd(1025));

    expect(await codeOf(() => verify(large, { ...settings, bodyLimitBytes: 1024 }))).toBe('body_too_large');
    expect(await verify(withHmac(secret, body.padEnd(1024)), { ...settings, bodyLimitBytes: 1024 })).toBeDefined();
  });
});

describe('the event key of a token', () => {
  const unknown = { type: 'ping', iat: seconds(new Date()) };

  it('comes from its jti or its claims, because the token does not sign the headers', async () => {
    const withJti = await withJwt(google.rsa.privateKey, { ...unknown, jti: 'j1' }, { kid: 'rsa-0', id: 'msg_forged' });
    const without = await withJwt(google.rsa.privateKey, unknown, { kid: 'rsa-0', id: 'msg_forged' });
    const hash = createHash('sha256').update(signatureOf(without).split('.')[1]!).digest('base64url');

    expect((await verify(withJti)).key).toBe('default/message/j1');
    expect((await verify(without)).key).toBe(`default/message/${hash}`);
  });
});
