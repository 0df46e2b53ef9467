import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { jwksConfig, type JwksConfig } from '../../../lib/config/jwks.config.js';
import { JwksStrategy } from '../../../lib/signature/jwks.strategy.js';
import { importKeys, KeySet } from '../../../lib/signature/key-set.js';
import { GoogleKeys, seconds, withJwt } from '../../support/senders.js';
import { parsedHeaders, refusalOf } from '../../support/verifying.js';

const google = new GoogleKeys();
const jwk = (key: KeyObject, rest: object = {}) => ({ ...key.export({ format: 'jwk' }), ...rest });
const [first] = google.ed25519.map(({ publicKey }) => jwk(publicKey)) as [{ x: string }];
const curves = (keys: readonly object[]) =>
  importKeys({ keys } as JSONWebKeySet).ed25519.map((key) => key.asymmetricKeyType);

describe('a key set', () => {
  it.each([
    { what: 'without a use', keys: [first], found: 1 },
    { what: 'for signatures', keys: [{ ...first, use: 'sig' }], found: 1 },
    { what: 'for encryption', keys: [{ ...first, use: 'enc' }, jwk(google.rsa.publicKey)], found: 0 },
    { what: 'of another curve', keys: [jwk(generateKeyPairSync('x25519').publicKey), first], found: 1 },
    { what: 'of another type', keys: [jwk(google.p256.publicKey), jwk(google.rsa.publicKey)], found: 0 },
    { what: 'that Node cannot import', keys: [{ ...first, x: 'short' }, first], found: 1 },
    { what: 'after the 64th', keys: Array.from({ length: 70 }, () => first), found: 64 },
  ])('gives the Ed25519 keys for signatures, up to a limit: $what', ({ keys, found }) => {
    expect(curves(keys)).toEqual(Array.from({ length: found }, () => 'ed25519'));
  });

  it.each([
    { what: 'null', keySet: null, message: 'the key set has no "keys"' },
    { what: 'an object without keys', keySet: {}, message: 'the key set has no "keys"' },
    { what: 'a set of other keys', keySet: { keys: [{ kty: 'oct' }] }, message: 'the key set has no usable key' },
  ])('is refused if it is $what', ({ keySet, message }) => {
    expect(() => importKeys(keySet as never)).toThrow(new Error(message));
  });

  it('is refused if the response has no body', async () => {
    const keySet = new KeySet(jwksConfig({}, {}) as JwksConfig, { fetch: async () => new Response(null) });

    expect((await refusalOf(() => keySet.keys())).cause).toEqual(new Error('the key set is not JSON'));
  });
});

describe('a token', () => {
  it.each(['EdDSA', 'Ed25519'])('may name its algorithm %s', async (alg) => {
    const claims = { type: 'batch.succeeded', iat: seconds(new Date()) };
    const token = await withJwt(google.key(), claims, { alg, kid: 'ed' });
    const config = jwksConfig({ keySet: { keys: [{ ...first, kid: 'ed' }] } as never }, {}) as JwksConfig;

    const verified = await new JwksStrategy(config, 300).verifyToken(parsedHeaders(token), claims.iat);

    expect(verified).toMatchObject({ claims });
  });
});
