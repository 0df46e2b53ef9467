import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT, type JWTPayload } from 'jose';
import { createSecretKey, randomBytes } from 'node:crypto';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { receiver, type Receiver } from '../support/receiver.js';
import { bodyOf, GoogleKeys, headers, newSecret, withEd25519, withHmac, withJwt } from '../support/senders.js';
import type { Delivery } from '../support/senders.js';

const secret = newSecret();
const google = new GoogleKeys();
const strangers = new GoogleKeys();
const BODY = bodyOf('batch.succeeded', { id: 'b1' });
const OTHER_BODY = bodyOf('batch.succeeded', { id: 'b2' });
const now = () => Math.floor(Date.now() / 1000);
type Claims = { [name in keyof JWTPayload]: JWTPayload[name] | undefined };

const claims = (rest: Claims = {}): JWTPayload =>
  JSON.parse(
    JSON.stringify({
      type: 'batch.succeeded',
      data: { id: 'b1' },
      aud: 'ours',
      iat: now(),
      ...rest,
    }),
  ) as JWTPayload;
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const resigned = (delivery: Delivery, change: (signature: string) => string): Delivery => ({
  ...delivery,
  headers: { ...delivery.headers, 'webhook-signature': change(delivery.headers['webhook-signature']!) },
});
const jwt = (rest: Claims, { keys = google, kid = 'rsa-0' } = {}) =>
  withJwt(keys.rsa.privateKey, claims(rest), { kid, body: BODY });
const token = (value: string): Delivery => ({ headers: headers('msg_1', new Date(), value), body: BODY });

/** Values in the form of a signature that do not verify. */
const FORGED: Readonly<Record<string, () => Delivery | Promise<Delivery>>> = {
  'a truncated v1 entry': () => resigned(withHmac(secret, BODY), (good) => good.slice(0, -4)),
  'a v1 entry that is too long': () => resigned(withHmac(secret, BODY), (good) => `${good}AAAA`),
  'a v1 entry with one bit flipped': () =>
    resigned(withHmac(secret, BODY), (good) => `v1,${good[3] === 'A' ? 'B' : 'A'}${good.slice(4)}`),
  'a v1 entry labelled v1a': () => resigned(withHmac(secret, BODY), (good) => good.replace('v1,', 'v1a,')),
  'a v1 entry in upper case': () => resigned(withHmac(secret, BODY), (good) => good.replace('v1,', 'V1,')),
  'a v1 entry of another body': () => ({ ...withHmac(secret, OTHER_BODY), body: BODY }),
  'a v1 entry of another secret': () => withHmac(newSecret(), BODY),
  'a v1 entry of another id': () => {
    const { headers: good, body } = withHmac(secret, BODY);
    return { headers: { ...good, 'webhook-id': 'msg_other' }, body };
  },
  'a v1 entry of another time': () => {
    const { headers: good, body } = withHmac(secret, BODY);
    return { headers: { ...good, 'webhook-timestamp': String(Number(good['webhook-timestamp']) - 1) }, body };
  },
  'a truncated v1a entry': () => resigned(withEd25519(google.key(), BODY), (good) => good.slice(0, -4)),
  'a v1a entry labelled v1': () => resigned(withEd25519(google.key(), BODY), (good) => good.replace('v1a,', 'v1,')),
  'a v1a entry of another body': () => ({ ...withEd25519(google.key(), OTHER_BODY), body: BODY }),
  "a v1a entry of a stranger's key": () => withEd25519(strangers.key(), BODY),
  'a thousand empty entries': () => token(Array.from({ length: 1000 }, () => 'v1,AAAA').join(' ')),
  'as many well-formed entries as fit': () =>
    token(Array.from({ length: 160 }, () => `v1,${randomBytes(32).toString('base64')}`).join(' ')),
  'as many well-formed v1a entries as fit': () =>
    token(Array.from({ length: 80 }, () => `v1a,${randomBytes(64).toString('base64')}`).join(' ')),
  'a token with alg none': () => token(`${base64url({ alg: 'none', kid: 'rsa-0' })}.${base64url(claims())}.`),
  'a token with alg none and a signature': () => token(`${base64url({ alg: 'none' })}.${base64url(claims())}.AAAA`),
  'a token signed HS256 with the public key': async () =>
    token(
      await new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', kid: 'rsa-0' })
        .sign(createSecretKey(Buffer.from(google.rsa.publicKey.export({ type: 'spki', format: 'pem' })))),
    ),
  'a token signed HS256 with our secret': async () =>
    token(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret))),
  "a token of a stranger's key": () => jwt({}, { keys: strangers }),
  'a token of an unknown key': () => jwt({}, { kid: 'rsa-9' }),
  'a token for another audience': () => jwt({ aud: 'theirs' }),
  'a token for no audience': () => jwt({ aud: undefined }),
  'a token that has expired': () => jwt({ exp: now() - 3600, iat: now() - 7200 }),
  'a token issued long ago': () => jwt({ iat: now() - 3600 }),
  'a token issued in the future': () => jwt({ iat: now() + 3600 }),
  'a token that is not valid yet': () => jwt({ nbf: now() + 3600 }),
  'a token without a time': () => jwt({ iat: undefined }),
  'a truncated token': async () => resigned(await jwt({}), (good) => good.slice(0, -10)),
  'a token with replaced claims': async () =>
    resigned(await jwt({}), (good) => {
      const [head, , signature] = good.split('.');
      return `${head}.${base64url(claims({ data: { id: 'b2' } }))}.${signature}`;
    }),
  'a token with two parts': () => token('eyJhbGciOiJSUzI1NiJ9.e30'),
  'a token that contains its key': async () =>
    token(
      await new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', jwk: strangers.rsa.publicKey.export({ format: 'jwk' }) as never })
        .sign(strangers.rsa.privateKey),
    ),
};

describe.each(ADAPTERS)('signatures on $adapter', (adapter) => {
  let own: Receiver;
  let url: string;

  beforeAll(async () => {
    own = receiver({ jwks: { keySet: google.keySet, audience: 'ours' }, binding: false }, secret);
    url = `${(await startApp(own.metadata, { adapter })).origin}/gemini/webhooks`;
  });

  beforeEach(() => {
    own.events.length = 0;
  });

  afterAll(closeApps);

  it.each(Object.entries(FORGED))('%s gets 401 without details', async (_what, forge) => {
    const answer = await post(url, await forge());

    expect([answer.status, answer.body]).toEqual([
      401,
      {
        type: expect.stringMatching(/signature_mismatch$/),
        title: expect.stringMatching(/\w/),
        status: 401,
        code: 'signature_mismatch',
      },
    ]);
    expect(own.events).toEqual([]);
  });

  it.each([
    ['a v1 entry', () => withHmac(secret, bodyOf('a.b'))],
    ['a v1a entry', () => withEd25519(google.key(1), bodyOf('a.b'))],
    ['a token', () => jwt({ jti: crypto.randomUUID() })],
    [
      'a good entry among others',
      () => resigned(withHmac(secret, bodyOf('a.b')), (good) => `v9,x v1,AAAA ${good} v1a,`),
    ],
  ])('%s that verifies is accepted by the same app', async (_what, sign) => {
    const answer = await post(url, await sign());

    expect([answer.status, answer.body]).toEqual([200, { status: 'processed' }]);
    expect(own.events).toHaveLength(1);
  });
});
