import { describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { hkdfSync } from 'node:crypto';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { BindingTokens, covers, type Binding } from '../../../lib/signature/binding.js';
import { verifierOf } from '../../support/verifying.js';

const SECRET = 'a binding secret of this test';
const T0 = 1_700_000_000_000;
const binding: Binding = { registration: 'default', path: 'gemini/:project', params: { project: 'acme' } };

const tokensAt = (now: number, secrets = [SECRET], ttlSeconds = 3600) =>
  new BindingTokens(secrets, ttlSeconds, () => now);
const mint = async (tokens = tokensAt(T0), of: Binding = binding) => (await tokens.mint(of))!;

describe('BindingTokens', () => {
  it.each<[string, Binding]>([
    ['a place', binding],
    ['any path', { registration: 'b', params: {} }],
    ['one job', { ...binding, kind: 'video', job: 'job-7' }],
    ['odd parameters', { registration: 'b', params: { a: 'ü/?&=\u0000', constructor: 'x' } }],
  ])('returns the content of a token for %s', async (_, of) => {
    expect(await tokensAt(T0).verify(await mint(tokensAt(T0), of))).toEqual({
      path: undefined,
      kind: undefined,
      job: undefined,
      ...of,
    });
  });

  it('mints tokens that need no escaping in a query', async () => {
    const token = await mint();

    expect(encodeURIComponent(token)).toBe(token);
  });

  it('accepts a token until it expires', async () => {
    const token = await mint();

    expect(await tokensAt(T0 + 3_599_000).verify(token)).toMatchObject(binding);
    expect(await tokensAt(T0 + 3_600_000).verify(token)).toBeUndefined();
  });

  it('mints with the first key and accepts tokens of all, so that keys can be rotated', async () => {
    const before = await mint(tokensAt(T0, ['the former key, long enough']));
    const rotated = tokensAt(T0, [SECRET, 'the former key, long enough']);
    const after = await mint(rotated);

    expect(await rotated.verify(before)).toMatchObject(binding);
    expect(await rotated.verify(after)).toMatchObject(binding);
    expect(await tokensAt(T0, [SECRET]).verify(after)).toMatchObject(binding);
    expect(await tokensAt(T0, [SECRET]).verify(before)).toBeUndefined();
  });

  it('mints with the new API key and accepts tokens of the keys in previousApiKeys', async () => {
    const tokensOf = (settings: GeminiWebhooksSettings) => verifierOf({ binding: {}, ...settings }).tokens;
    const former = tokensOf({ gemini: { apiKey: 'AIza_the_former_key' } });
    const during = tokensOf({
      gemini: { apiKey: 'AQ.the_new_key_of_this_test' },
      binding: { previousApiKeys: ['AIza_the_former_key'] },
    });
    const after = tokensOf({ gemini: { apiKey: 'AQ.the_new_key_of_this_test' } });
    const [old, young] = [await mint(former), await mint(during)];

    expect(await during.verify(old)).toMatchObject(binding);
    expect(await during.verify(young)).toMatchObject(binding);
    expect(await after.verify(young)).toMatchObject(binding);
    expect(await after.verify(old)).toBeUndefined();
    expect(await former.verify(young)).toBeUndefined();
  });

  it('refuses an expired token of a second key too', async () => {
    const before = await mint(tokensAt(T0, ['the former key, long enough']));

    expect(await tokensAt(T0 + 3_600_000, [SECRET, 'the former key, long enough']).verify(before)).toBeUndefined();
  });

  it('accepts a token of up to 4,096 characters', async () => {
    const mintOf = (length: number) => mint(tokensAt(T0), { registration: 'x'.repeat(length), params: {} });
    let length = 2_900;
    while ((await mintOf(length)).length < 4_096) length += 1;
    const longest = await mintOf(length);

    expect(longest).toHaveLength(4_096);
    expect(await tokensAt(T0).verify(longest)).toBeDefined();
    expect(await tokensAt(T0).verify(await mintOf(length + 1))).toBeUndefined();
  });

  it('mints and accepts no token without a key', async () => {
    const none = tokensAt(T0, []);

    expect(none.canMint).toBe(false);
    expect(tokensAt(T0).canMint).toBe(true);
    expect(await none.mint(binding)).toBeUndefined();
    expect(await none.verify(await mint())).toBeUndefined();
  });

  it.each<[string, () => unknown]>([
    ['of another key', () => mint(tokensAt(T0, ['another key of another deployment']))],
    [
      'with a changed character',
      async () => (await mint()).replace(/.(.{5})$/, (tail) => (tail[0] === 'A' ? 'B' : 'A') + tail.slice(1)),
    ],
    ['cut short', async () => (await mint()).slice(0, -1)],
    ['with something behind it', async () => `${await mint()}A`],
    ['that is over-long', async () => await mint(tokensAt(T0), { registration: 'x'.repeat(4000), params: {} })],
    ['signed with the secret itself instead of the derived key', () => forged(Buffer.from(SECRET))],
    ['for another use of the same key', () => forged(derivedKey(), 'HS256', 'something-else')],
    ['of another algorithm with the same key', () => forged(derivedKey(), 'HS512')],
    ['of alg: none', () => new UnsecuredJWT(claims()).setAudience('nestjs-gemini-webhooks/binding').encode()],
    ['that is empty', () => ''],
    ['that is garbage', () => 'a.b.c'],
    ['that is none: a number', () => 7],
    ['that is none: null', () => null],
    ['that is none: a list', async () => [await mint()]],
    ['that is none: an object', async () => ({ toString: () => 'x', length: 1 })],
  ])('refuses a token %s', async (_, token) => {
    expect(await tokensAt(T0).verify(await token())).toBeUndefined();
  });

  it('accepts a token that another program made with the documented key derivation', async () => {
    expect(await tokensAt(T0).verify(await forged(derivedKey()))).toMatchObject({ registration: 'default' });
  });
});

describe('a token', () => {
  const here = {
    registration: 'default',
    path: 'gemini/:project',
    params: { project: 'acme' },
    kind: 'batch',
  } as const;

  it.each<[string, Partial<Binding>, Partial<Parameters<typeof covers>[1]>, boolean]>([
    ['for this place', {}, {}, true],
    ['of another registration', { registration: 'other' }, {}, false],
    ['of another path', { path: 'other' }, {}, false],
    ['of a path, on a route of the user', {}, { path: undefined }, false],
    ['of any path', { path: undefined }, {}, true],
    ['of any path, on a route of the user', { path: undefined }, { path: undefined }, true],
    ['of another tenant', { params: { project: 'rival' } }, {}, false],
    ['of a tenant, where the route names none', {}, { params: {} }, false],
    ['of no tenant in particular', { params: {} }, {}, true],
    ['of one of two parameters', {}, { params: { project: 'acme', region: 'eu' } }, true],
    ['with a parameter named like an inherited property', { params: { toString: 'x' } }, {}, false],
    ['of this kind of job', { kind: 'batch', job: 'j' }, {}, true],
    ['of another kind of job', { kind: 'video', job: 'j' }, {}, false],
    [
      'of a video job, for the interaction that generates it',
      { kind: 'video', job: 'j' },
      { kind: 'interaction' },
      true,
    ],
    ['of an interaction, for the video that it generates', { kind: 'interaction', job: 'j' }, { kind: 'video' }, true],
    ['of an interaction, for a batch', { kind: 'interaction', job: 'j' }, {}, false],
    ['of a job, for a type that is not of the catalogue', { kind: 'video', job: 'j' }, { kind: undefined }, true],
  ])('for %s covers only matching deliveries', (_, token, delivery, covered) => {
    expect(covers({ ...binding, ...token }, { ...here, ...delivery })).toBe(covered);
  });
});

const claims = () => ({ reg: 'default', params: {}, iat: T0 / 1000, exp: T0 / 1000 + 60 });

function derivedKey(): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', SECRET, '', 'nestjs-gemini-webhooks/binding', 32));
}

function forged(key: Uint8Array, alg = 'HS256', audience = 'nestjs-gemini-webhooks/binding'): Promise<string> {
  return new SignJWT(claims()).setProtectedHeader({ alg }).setAudience(audience).sign(key);
}
