import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { HmacSecretsResolver } from '../../../lib/config/gemini-webhooks.options.js';
import { HmacKey } from '../../../lib/signature/hmac-key.js';
import { HmacStrategy } from '../../../lib/signature/hmac.strategy.js';
import type { LiveSecrets } from '../../../lib/signature/live-secrets.js';
import { bodyOf, headers, hmacEntry, newSecret, seconds, withHmac } from '../../support/senders.js';
import { codeOf, parsedHeaders, refusalOf } from '../../support/verifying.js';

const secret = newSecret();
const body = bodyOf('batch.succeeded', { id: 'b1' });

const verify = (
  secrets: string | string[] | HmacSecretsResolver,
  delivery: { headers: Record<string, string>; body: string | Buffer },
  params: Record<string, string> = {},
) =>
  new HmacStrategy({ secrets: typeof secrets === 'string' ? [secrets] : secrets }).verify(
    parsedHeaders(delivery),
    Buffer.from(delivery.body),
    params,
  );

/** Signed by other programs: the first by `openssl dgst -sha256 -mac HMAC`, with the published example secret of Standard Webhooks. */
const EXAMPLE = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  headers: {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  body: '{"test": 2432232314}',
};

describe('HmacStrategy', () => {
  it('verifies a vector signed by another program', () => {
    expect(verify(EXAMPLE.secret, EXAMPLE)).toBe(true);
  });

  it('accepts a secret without its prefix', () => {
    expect(verify(EXAMPLE.secret.slice('whsec_'.length), EXAMPLE)).toBe(true);
  });

  it('verifies what the standardwebhooks package signs', () => {
    expect(verify(secret, withHmac(secret, body))).toBe(true);
  });

  it.each([
    ['of another secret', { ...withHmac(newSecret(), body) }],
    ['of another body', { ...withHmac(secret, body), body: `${body} ` }],
    ['of another id', withChanged('webhook-id', 'msg_other')],
    ['of another second', withChanged('webhook-timestamp', String(seconds(new Date()) + 1))],
    ['of the same second, written differently', withChanged('webhook-timestamp', '01', 1_000)],
    ['with one bit flipped', withFlippedBit()],
  ])('does not verify a signature %s', (_, delivery) => {
    expect(verify(secret, delivery)).toBe(false);
  });

  it('verifies the bytes of a body that is not UTF-8', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
    const date = new Date();
    const signed = headers('msg_bytes', date, hmacEntry(secret, 'msg_bytes', seconds(date), bytes));

    expect(verify(secret, { headers: signed, body: bytes })).toBe(true);
    expect(verify(secret, { headers: signed, body: bytes.toString() })).toBe(false);
  });

  it('verifies an empty body', () => {
    expect(verify(secret, withHmac(secret, ''))).toBe(true);
  });

  it('verifies with any of several secrets', () => {
    const secrets = [newSecret(), secret, newSecret()];

    expect(secrets.map((one) => verify(secrets, withHmac(one, body)))).toEqual([true, true, true]);
  });

  it.each(['first', 'last'])('verifies if only the %s of several entries does', (place) => {
    const delivery = withHmac(secret, body);
    const entries = [delivery.headers['webhook-signature']!, ...Array.from({ length: 5 }, randomEntry)];
    if (place === 'last') entries.reverse();

    expect(verify(secret, withChanged('webhook-signature', entries.join(' '), undefined, delivery))).toBe(true);
  });

  it('does not verify without a well-formed entry', () => {
    expect(verify(secret, withChanged('webhook-signature', 'v1, v1,abc v2,abc'))).toBe(false);
  });
});

describe('HmacStrategy with a secrets(params) function', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each<[string, HmacSecretsResolver]>([
    ['a secret', () => secret],
    ['a list', () => [newSecret(), secret]],
    ['a promise of a secret', async () => secret],
    ['a promise of a list', async () => [secret]],
  ])('verifies with %s', async (_, secrets) => {
    expect(await verify(secrets, withHmac(secret, body))).toBe(true);
  });

  it("passes the route's parameters, so that each tenant has its own secret", async () => {
    const secrets: HmacSecretsResolver = ({ project }) => (project === 'acme' ? secret : newSecret());

    expect(await verify(secrets, withHmac(secret, body), { project: 'acme' })).toBe(true);
    expect(await verify(secrets, withHmac(secret, body), { project: 'other' })).toBe(false);
  });

  it('does not verify if it returns no secret', async () => {
    expect(await verify(() => [], withHmac(secret, body))).toBe(false);
  });

  it.each<[string, HmacSecretsResolver]>([
    [
      'throws',
      () => {
        throw new Error('vault is sealed');
      },
    ],
    ['rejects', () => Promise.reject(new Error('vault is sealed'))],
    ['returns a malformed secret', () => 'not base64!'],
    ['returns an empty secret', () => ['']],
  ])('throws keys_unavailable if it %s', async (_, secrets) => {
    expect(await codeOf(() => verify(secrets, withHmac(secret, body)))).toBe('keys_unavailable');
  });

  it('keeps the reason as the cause, without the secret', async () => {
    const error = await refusalOf(() => verify(() => 'whsec_???', withHmac(secret, body)));

    expect(error.message).toBe('hmac.secrets(params) gave no usable secrets.');
    expect(error.cause).toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/^A signing secret \w/),
    });
    expect(`${error.message} ${(error.cause as Error).message}`).not.toContain('???');
  });

  it('throws keys_unavailable after two seconds', async () => {
    jest.useFakeTimers();
    const refused = refusalOf(() => verify(() => new Promise(() => undefined), withHmac(secret, body)));
    const settled = jest.fn();
    void refused.then(settled);

    await jest.advanceTimersByTimeAsync(1_999);
    expect(settled).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);

    expect(await refused).toMatchObject({
      code: 'keys_unavailable',
      cause: { message: 'hmac.secrets(params) took too long (2000 ms).' },
    });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('clears its timer if it returns in time', async () => {
    jest.useFakeTimers();

    expect(await verify(async () => secret, withHmac(secret, body))).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not called for a delivery without a v1 entry', async () => {
    const secrets = jest.fn<HmacSecretsResolver>(() => secret);

    expect(await verify(secrets, withChanged('webhook-signature', `v1a,${'A'.repeat(86)}==`))).toBe(false);
    expect(secrets).not.toHaveBeenCalled();
  });
});

describe('HmacStrategy with live secrets', () => {
  const key = new HmacKey(Buffer.from(secret.slice('whsec_'.length), 'base64'));
  const delivery = withHmac(secret, body);
  const verifyWith = (secrets: string[] | HmacSecretsResolver, live: LiveSecrets) =>
    new HmacStrategy({ secrets }, live).verify(parsedHeaders(delivery), Buffer.from(delivery.body), {});
  const liveOf = (given: Partial<LiveSecrets>): LiveSecrets => ({
    isUsed: true,
    keys: () => [],
    newest: async () => ({ keys: [] }),
    ...given,
  });

  it('verifies with a known one without loading any', () => {
    expect(verifyWith([], liveOf({ keys: () => [key] }))).toBe(true);
  });

  it('loads the newest if neither the known ones nor those of the function verify', async () => {
    expect(await verifyWith(() => newSecret(), liveOf({ newest: async () => ({ keys: [key] }) }))).toBe(true);
    expect(await verifyWith(() => newSecret(), liveOf({}))).toBe(false);
  });
});

function withChanged(
  name: string,
  value: string,
  atMs = Date.now(),
  delivery = withHmac(secret, body, { date: new Date(atMs) }),
) {
  return { ...delivery, headers: { ...delivery.headers, [name]: value } };
}

function withFlippedBit() {
  const delivery = withHmac(secret, body);
  const signature = Buffer.from(delivery.headers['webhook-signature']!.slice(3), 'base64');
  signature[31]! ^= 1;
  return withChanged('webhook-signature', `v1,${signature.toString('base64')}`, undefined, delivery);
}

function randomEntry(): string {
  return `v1,${randomBytes(32).toString('base64')}`;
}
