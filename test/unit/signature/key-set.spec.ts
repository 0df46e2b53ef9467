import { describe, expect, it, jest } from '@jest/globals';
import { jwksConfig, type JwksConfig } from '../../../lib/config/jwks.config.js';
import type { JwksOptions } from '../../../lib/config/gemini-webhooks.options.js';
import { KeySet } from '../../../lib/signature/key-set.js';
import { GoogleKeys } from '../../support/senders.js';
import { codeOf, refusalOf } from '../../support/verifying.js';

const MINUTE = 60_000;
const AGE = 10 * MINUTE;
const google = new GoogleKeys();
const rotated = new GoogleKeys();

/** A key set with a clock and a server that the test controls. */
function keySetWith(options: JwksOptions = {}) {
  const state = { now: 1_700_000_000_000, answer: () => json(google.keySet) as Response | Promise<Response> };
  const fetch = jest.fn<typeof globalThis.fetch>(async () => state.answer());
  const keySet = new KeySet(
    jwksConfig({ cacheMaxAgeMs: AGE, staleIfErrorMs: 60 * MINUTE, ...options }, {}) as JwksConfig,
    {
      now: () => state.now,
      fetch,
    },
  );
  return { keySet, fetch, state };
}

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
const down = () => Promise.reject<Response>(new TypeError('fetch failed'));
const publicKeys = async (keySet: KeySet) =>
  (await keySet.keys()).ed25519.map((key) => key.export({ format: 'jwk' }).x);
const published = (keys: GoogleKeys) => keys.ed25519.map(({ publicKey }) => publicKey.export({ format: 'jwk' }).x);

describe('KeySet', () => {
  it('fetches on first use, and only once', async () => {
    const { keySet, fetch, state } = keySetWith();
    expect(fetch).not.toHaveBeenCalled();

    expect(await publicKeys(keySet)).toEqual(published(google));
    state.now += AGE * 0.8 - 1;
    await keySet.keys();

    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('sends one request for concurrent callers', async () => {
    const { keySet, fetch } = keySetWith();

    const all = await Promise.all(Array.from({ length: 50 }, () => keySet.keys()));

    expect(new Set(all).size).toBe(1);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('rejects all concurrent callers after one failed request', async () => {
    const { keySet, fetch, state } = keySetWith();
    state.answer = down;

    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(() => keySet.keys())));

    expect(new Set(codes)).toEqual(new Set(['keys_unavailable']));
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('refreshes in the background before the keys expire, without delaying callers', async () => {
    const { keySet, fetch, state } = keySetWith();
    await keySet.keys();
    state.now += AGE * 0.8;
    let answer: (response: Response) => void = () => undefined;
    state.answer = () => new Promise<Response>((resolve) => (answer = resolve));

    expect(await publicKeys(keySet)).toEqual(published(google));
    expect(fetch).toHaveBeenCalledTimes(2);

    answer(json(rotated.keySet));
    state.now += AGE * 0.2;
    expect(await publicKeys(keySet)).toEqual(published(rotated));
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('survives a background refresh that fails', async () => {
    const { keySet, state } = keySetWith();
    await keySet.keys();
    state.now += AGE * 0.9;
    state.answer = down;

    expect(await publicKeys(keySet)).toEqual(published(google));
  });

  it('serves expired keys while fetching fails, until staleIfErrorMs after their expiry', async () => {
    const { keySet, state } = keySetWith();
    await keySet.keys();
    state.answer = down;

    state.now += AGE + 60 * MINUTE - 1;
    expect(await publicKeys(keySet)).toEqual(published(google));
    state.now += 1;

    expect(await codeOf(() => keySet.keys())).toBe('keys_unavailable');
  });

  it('serves no expired keys with staleIfErrorMs: 0', async () => {
    const { keySet, state } = keySetWith({ staleIfErrorMs: 0 });
    await keySet.keys();
    state.answer = down;
    state.now += AGE;

    expect(await codeOf(() => keySet.keys())).toBe('keys_unavailable');
  });

  it('recovers after an outage, with at most one request in five seconds meanwhile', async () => {
    const { keySet, fetch, state } = keySetWith();
    state.answer = down;
    await codeOf(() => keySet.keys());
    state.answer = () => json(google.keySet);
    state.now += 4_999;
    expect(await codeOf(() => keySet.keys())).toBe('keys_unavailable');
    expect(fetch).toHaveBeenCalledTimes(1);

    state.now += 1;
    expect(await publicKeys(keySet)).toEqual(published(google));
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('throws an error with the URL, and with the reason as its cause, if there are no keys', async () => {
    const { keySet, state } = keySetWith({ url: 'https://keys.example.com/jwks.json' });
    state.answer = down;

    const error = await refusalOf(() => keySet.keys());

    expect(error.message).toContain('https://keys.example.com/jwks.json');
    expect(error.cause).toEqual(new TypeError('fetch failed'));
  });

  it.each<[string, () => Response]>([
    ['answers 404', () => json(google.keySet, 404)],
    ['answers 500', () => json(google.keySet, 500)],
    ['answers 204', () => new Response(null, { status: 204 })],
    ['answers nothing', () => new Response('')],
    ['answers what is not JSON', () => new Response('<html>')],
    ['answers null', () => json(null)],
    ['answers a list', () => json([google.keySet])],
    ['answers without keys', () => json({})],
    ['answers keys that are no list', () => json({ keys: {} })],
    ['answers an empty list of keys', () => json({ keys: [] })],
    [
      'answers nothing but keys that cannot be used',
      () => json({ keys: [null, 1, 'a', [], {}, { kty: 'oct', k: 'AA' }] }),
    ],
    ['answers an Ed25519 key that is none', () => json({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] })],
  ])('has no keys if the server %s', async (_, answer) => {
    const { keySet, state } = keySetWith();
    state.answer = answer;

    expect(await codeOf(() => keySet.keys())).toBe('keys_unavailable');
  });

  it.each([null, 1, 'a', [], {}, { kty: 'OKP', crv: 'Ed25519' }, { kty: 'OKP', crv: 'Ed25519', x: 7 }, { kty: 'EC' }])(
    'skips the malformed key %j',
    async (malformed) => {
      const { keySet, state } = keySetWith();
      state.answer = () => json({ keys: [malformed, ...google.keySet.keys] });

      expect(await publicKeys(keySet)).toEqual(published(google));
    },
  );

  it('does not use a key that is published for another purpose', async () => {
    const { keySet, state } = keySetWith();
    const [first, ...others] = google.keySet.keys;
    state.answer = () => json({ keys: [{ ...first, use: 'enc' }, ...others] });

    expect(await publicKeys(keySet)).toEqual(published(google).slice(1));
  });
});

describe('KeySet.keysAfter', () => {
  it('fetches again for an unknown key, at most once in thirty seconds', async () => {
    const { keySet, fetch, state } = keySetWith();
    const known = await keySet.keys();
    state.answer = () => json(rotated.keySet);

    const newer = await keySet.keysAfter(known);
    expect(newer?.ed25519.map((key) => key.export({ format: 'jwk' }).x)).toEqual(published(rotated));

    state.now += 29_999;
    expect(await keySet.keysAfter(newer!)).toBeUndefined();
    expect(fetch).toHaveBeenCalledTimes(2);

    state.now += 1;
    state.answer = () => json(google.keySet);
    expect(await keySet.keysAfter(newer!)).toBeDefined();
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it('returns the current keys without a request if the caller has older ones', async () => {
    const { keySet, fetch, state } = keySetWith();
    const known = await keySet.keys();
    state.now += AGE;
    const newer = await keySet.keys();
    state.now += MINUTE;

    expect(await keySet.keysAfter(known)).toBe(newer);
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('fetches once for several signatures of unknown keys at the same time', async () => {
    const { keySet, fetch, state } = keySetWith();
    const known = await keySet.keys();
    state.answer = () => json(rotated.keySet);

    const newer = await Promise.all([keySet.keysAfter(known), keySet.keysAfter(known)]);

    expect(newer.map((keys) => keys?.ed25519.length)).toEqual([3, 3]);
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('fetches if this process has no keys yet', async () => {
    const known = await keySetWith().keySet.keys();

    expect(await keySetWith().keySet.keysAfter(known)).toBeDefined();
  });

  it('returns undefined and keeps the current keys if the fetch fails', async () => {
    const { keySet, state } = keySetWith();
    const known = await keySet.keys();
    state.now += MINUTE;
    state.answer = down;

    expect(await keySet.keysAfter(known)).toBeUndefined();
    expect(await keySet.keys()).toBe(known);
  });
});

describe('a configured key set', () => {
  it('is never fetched and never expires', async () => {
    const { keySet, fetch, state } = keySetWith({ keySet: google.keySet });
    const known = await keySet.keys();
    state.now += 365 * 24 * 60 * MINUTE;

    expect(await keySet.keys()).toBe(known);
    expect(await keySet.keysAfter(known)).toBeUndefined();
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([[null], [{}], [{ keys: [] }], [{ keys: [{ kty: 'oct' }] }]])(
    'of %j fails at start-up with an error that names the option',
    async (given) => {
      const error = await refusalOf(() => keySetWith({ keySet: given as unknown as { keys: [] } }));

      expect(error.code).toBe('invalid_option');
      expect(error.message).toMatch(/jwks\.keySet: .*key/);
      expect(error.cause).toBeInstanceOf(Error);
    },
  );
});

describe("KeySet's status", () => {
  it('has the age of the keys, and none before they were used', async () => {
    const { keySet, fetch, state } = keySetWith();
    expect(await keySet.status()).toEqual({ state: 'none' });
    expect(fetch).not.toHaveBeenCalled();

    await keySet.keys();
    state.now += 90_000;
    expect(await keySet.status()).toEqual({ state: 'fetched', ageMs: 90_000 });
  });

  it('has the reason of a failed fetch until one succeeds', async () => {
    const { keySet, state } = keySetWith();
    state.answer = () =>
      Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') }));
    await codeOf(() => keySet.keys());
    expect(await keySet.status()).toEqual({
      state: 'none',
      lastError: 'fetch failed: connect ECONNREFUSED 127.0.0.1:9',
    });

    state.answer = () => json(google.keySet);
    state.now += 30_000;
    await keySet.keys();
    expect(await keySet.status()).toEqual({ state: 'fetched', ageMs: 0 });
  });

  it('has nothing of what the server sent', async () => {
    const { keySet, state } = keySetWith();
    state.answer = () => new Response('a secret page');
    await codeOf(() => keySet.keys());

    expect(await keySet.status()).toEqual({ state: 'none', lastError: 'the key set is not JSON' });
  });

  it('fetches keys that are older than asked, at most every 30 s', async () => {
    const { keySet, fetch, state } = keySetWith();
    expect(await keySet.status(MINUTE)).toEqual({ state: 'fetched', ageMs: 0 });
    state.now += MINUTE;
    expect(await keySet.status(MINUTE)).toEqual({ state: 'fetched', ageMs: MINUTE });
    state.now += 1;
    expect(await keySet.status(MINUTE)).toEqual({ state: 'fetched', ageMs: 0 });
    expect(fetch).toHaveBeenCalledTimes(2);

    state.now += 29_999;
    await keySet.status(0);
    expect(fetch).toHaveBeenCalledTimes(2);
    state.now += 1;
    await keySet.status(0);
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it('is that of one fetch for concurrent callers', async () => {
    const { keySet, fetch } = keySetWith();

    const all = await Promise.all([keySet.status(MINUTE), keySet.status(MINUTE)]);

    expect(all).toEqual([
      { state: 'fetched', ageMs: 0 },
      { state: 'fetched', ageMs: 0 },
    ]);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('waits for the fetch of a delivery, which does not delay its own next one', async () => {
    const { keySet, fetch, state } = keySetWith();
    const [, status] = await Promise.all([keySet.keys(), keySet.status(MINUTE)]);
    expect(status).toEqual({ state: 'fetched', ageMs: 0 });
    expect(fetch).toHaveBeenCalledTimes(1);

    state.now += 1;
    expect(await keySet.status(0)).toEqual({ state: 'fetched', ageMs: 0 });
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('does not wait for a fetch if the keys are young enough', async () => {
    const { keySet, fetch, state } = keySetWith();
    await keySet.keys();
    state.now += AGE * 0.9;
    state.answer = () => new Promise(() => undefined);
    await keySet.keys();

    expect(await keySet.status(AGE)).toEqual({ state: 'fetched', ageMs: AGE * 0.9 });
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('waits two seconds for a server that does not answer', async () => {
    jest.useFakeTimers();
    const { keySet, state } = keySetWith();
    state.answer = () => new Promise(() => undefined);

    const status = keySet.status(0);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await status).toEqual({ state: 'none' });
    jest.useRealTimers();
  });

  it('has no age for configured keys', async () => {
    const { keySet, fetch } = keySetWith({ keySet: google.keySet });

    expect(await keySet.status(0)).toEqual({ state: 'configured' });
    expect(fetch).not.toHaveBeenCalled();
  });
});
