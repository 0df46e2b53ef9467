import { describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT, type JSONWebKeySet } from 'jose';
import { createHash, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { jwksConfig, type JwksConfig } from '../../../lib/config/jwks.config.js';
import type { JwksOptions } from '../../../lib/config/gemini-webhooks.options.js';
import { JwksStrategy } from '../../../lib/signature/jwks.strategy.js';
import { StaleToken } from '../../../lib/signature/stale-token.js';
import { parseSignatureHeaders } from '../../../lib/signature/signature-headers.js';
import { GoogleKeys } from '../../support/senders.js';

const google = new GoogleKeys();
const other = new GoogleKeys();
const NOW = 1_700_000_000;
const claims = { type: 'batch.succeeded', data: { id: 'b1' }, iat: NOW };

function verify(token: string, options: JwksOptions = {}) {
  const config = jwksConfig({ keySet: google.keySet as unknown as JSONWebKeySet, ...options }, {}) as JwksConfig;
  const headers = parseSignatureHeaders({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(NOW),
    'webhook-signature': token,
  });
  return new JwksStrategy(config, 300).verifyToken(headers, NOW);
}

const sign = (payload: object, { alg = 'RS256', key = google.rsa.privateKey, kid = 'rsa-0' as string | null } = {}) =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg, ...(kid !== null && { kid }) }).sign(key);

describe('JwksStrategy.verifyToken', () => {
  it.each<[string, KeyObject, string | null]>([
    ['RS256', google.rsa.privateKey, 'rsa-0'],
    ['ES256', google.p256.privateKey, 'p256-0'],
    ['EdDSA', google.key(1), 'ed-1'],
    ['RS256', google.rsa.privateKey, null],
    ['EdDSA', google.key(2), null],
  ])('returns the claims of a %s token, with or without a kid', async (alg, key, kid) => {
    expect(await verify(await sign(claims, { alg, key, kid }))).toMatchObject({ claims });
  });

  it.each([
    ['of a key that is not published', () => sign(claims, { key: other.rsa.privateKey })],
    ['that names a key that is not published', () => sign(claims, { kid: 'rsa-1' })],
    [
      'that names no key and matches none of several',
      () => sign(claims, { alg: 'EdDSA', key: other.key(), kid: null }),
    ],
    ['with PS256', () => sign(claims, { alg: 'PS256' })],
    ['with RS512', () => sign(claims, { alg: 'RS512' })],
    ['without a signature (alg: none)', async () => new UnsecuredJWT(claims).encode()],
    ['of alg: none with a signature', async () => withAlgNone(await sign(claims))],
    ['signed with HS256 and the published RSA key as the secret', () => signedWithPublicKey('spki')],
    ['signed with HS256 and the published PKCS#1 key as the secret', () => signedWithPublicKey('pkcs1')],
    ['with changed claims', async () => withClaims(await sign(claims), { ...claims, data: { id: 'mine' } })],
    ['that is truncated', async () => (await sign(claims)).slice(0, -4)],
    ['with two parts', async () => 'eyJhbGciOiJSUzI1NiJ9.e30'],
    ['that is not a JWT', async () => 'eyJ!'],
    ['that contains its own key', () => signedWithOwnKey()],
  ])('refuses a token %s', async (_, token) => {
    expect(await verify(await token())).toBeUndefined();
  });

  it.each(['PS256', 'RS512', 'PS512'])(
    'refuses a %s token, even of a key that is published for any algorithm',
    async (alg) => {
      const keySet = {
        keys: google.keySet.keys.map((key) => ({ ...key, alg: undefined })),
      } as unknown as JSONWebKeySet;

      expect(await verify(await sign(claims, { alg }), { keySet })).toBeUndefined();
      expect(await verify(await sign(claims), { keySet })).toMatchObject({ claims });
    },
  );

  it.each<[string, object, JwksOptions, boolean]>([
    ['aud as configured', { aud: 'me' }, { audience: 'me' }, true],
    ['one of the configured aud', { aud: 'me' }, { audience: ['you', 'me'] }, true],
    ['a list of aud with the one configured', { aud: ['x', 'me'] }, { audience: 'me' }, true],
    ['another aud', { aud: 'you' }, { audience: 'me' }, false],
    ['no aud where one is configured', {}, { audience: 'me' }, false],
    ['any aud where none is configured', { aud: 'you' }, {}, true],
    ['iss as configured', { iss: 'google' }, { issuer: 'google' }, true],
    ['another iss', { iss: 'mallory' }, { issuer: ['google', 'alphabet'] }, false],
    ['no iss where one is configured', {}, { issuer: 'google' }, false],
    ['nbf ahead', { nbf: NOW + 60 }, {}, false],
    ['an iat that is not a number', { iat: 'now' }, {}, false],
    ['an exp that is not a number', { exp: 'later' }, {}, false],
  ])('checks a token with %s against the configuration', async (_, extra, options, taken) => {
    const result = await verify(await sign({ ...claims, ...extra }), options);

    expect(typeof result).toBe(taken ? 'object' : 'undefined');
  });

  it.each<[string, object, 'taken' | 'stale' | 'refused']>([
    ['iat now', { iat: NOW }, 'taken'],
    ['iat as old as the tolerance', { iat: NOW - 300 }, 'taken'],
    ['iat older', { iat: NOW - 301 }, 'stale'],
    ['iat as far ahead as the tolerance', { iat: NOW + 300 }, 'taken'],
    ['iat further ahead', { iat: NOW + 301 }, 'stale'],
    ['exp ahead and no iat', { iat: undefined, exp: NOW + 1 }, 'taken'],
    ['exp now', { exp: NOW }, 'stale'],
    ['exp passed', { exp: NOW - 1 }, 'stale'],
    ['old iat, exp ahead', { iat: NOW - 301, exp: NOW + 60 }, 'stale'],
    ['neither iat nor exp', { iat: undefined }, 'refused'],
  ])('checks the age of a token with %s', async (_, extra, outcome) => {
    const result = await verify(await sign({ ...claims, ...extra }));

    expect(result instanceof StaleToken ? 'stale' : typeof result === 'object' ? 'taken' : 'refused').toBe(outcome);
  });

  it('accepts the second of two tokens if the first does not verify', async () => {
    const bad = await sign(claims, { key: other.rsa.privateKey });

    expect(await verify(`${bad} ${await sign(claims)}`)).toMatchObject({ claims });
  });

  it('prefers a recent token to a stale one before it', async () => {
    const stale = await sign({ ...claims, iat: NOW - 900 });

    expect(await verify(`${stale} ${await sign(claims)}`)).toMatchObject({ claims });
    expect(await verify(stale)).toBeInstanceOf(StaleToken);
  });

  it('identifies the message by the jti, or by the hash of the claims', async () => {
    const withoutJti = await sign(claims);
    const hash = createHash('sha256').update(withoutJti.split('.')[1]!).digest('base64url');

    expect(await verify(await sign({ ...claims, jti: 'delivery-7' }))).toMatchObject({ messageId: 'delivery-7' });
    expect(await verify(await sign({ ...claims, jti: '' }))).not.toMatchObject({ messageId: '' });
    expect(await verify(withoutJti)).toMatchObject({ messageId: hash });
    expect(await verify(await sign({ ...claims, data: { id: 'b2' } }))).not.toMatchObject({ messageId: hash });
  });

  it('returns the issue time if the token has one', async () => {
    expect(await verify(await sign(claims))).toMatchObject({ issuedAt: new Date(NOW * 1000) });
    expect(await verify(await sign({ ...claims, iat: undefined, exp: NOW + 60 }))).toMatchObject({
      issuedAt: undefined,
    });
  });
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function withAlgNone(token: string): string {
  return [part({ alg: 'none', kid: 'rsa-0' }), ...token.split('.').slice(1)].join('.');
}

function withClaims(token: string, payload: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${part(payload)}.${signature}`;
}

function signedWithPublicKey(type: 'spki' | 'pkcs1'): Promise<string> {
  const pem = google.rsa.publicKey.export({ type, format: 'pem' });
  return sign(claims, { alg: 'HS256', key: createSecretKey(Buffer.from(pem)) });
}

function signedWithOwnKey(): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', jwk: jwk as Record<string, string> }).sign(privateKey);
}
