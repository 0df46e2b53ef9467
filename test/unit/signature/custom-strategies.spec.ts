import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { SignatureStrategy } from '../../../lib/signature/signature-strategy.js';
import { bodyOf, headers, newSecret, withHmac } from '../../support/senders.js';
import { codeOf, refusalOf, requestOf, verifierOf } from '../../support/verifying.js';

const secret = newSecret();
const body = bodyOf('batch.succeeded', { id: 'b1' });
const bare = { headers: { 'x-relay': 'yes' }, body };
const event = { type: 'batch.succeeded', data: { id: 'b1' } };

let error: jest.SpiedFunction<Logger['error']>;

beforeEach(() => {
  error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
  jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
});

afterEach(() => {
  jest.restoreAllMocks();
});

const strategy = (verify: SignatureStrategy['verify'], name = 'relay') => ({ name, verify: jest.fn(verify) });
const bound = strategy(async () => ({ event, bound: true }));
const notMine = () => strategy(async () => undefined, 'other');
const verifierWith = (...strategies: SignatureStrategy[]) =>
  verifierOf({ hmac: { secrets: secret }, jwks: false, strategies });

describe('a custom strategy', () => {
  it('verifies a delivery without webhook headers', async () => {
    const delivery = await verifierWith(bound).verifier.verify(requestOf(bare, { params: { project: 'acme' } }));

    expect(delivery).toMatchObject({
      strategy: 'relay',
      event: { type: 'batch.succeeded' },
      params: { project: 'acme' },
    });
    expect(delivery.id).toBe(`sha256_${createHash('sha256').update(body).digest('base64url')}`);
    expect(delivery.attemptedAt.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('receives headers, raw body and route parameters', async () => {
    const relay = notMine();
    const request = requestOf(bare, { params: { project: 'acme' } });

    await codeOf(() => verifierWith(relay).verifier.verify(request));

    expect(relay.verify).toHaveBeenCalledWith({ headers: request.headers, body: request.body, params: request.params });
  });

  it('uses the id and time of the webhook headers if present', async () => {
    const date = new Date('2026-01-22T12:00:00Z');

    expect(
      await verifierWith(bound).verifier.verify(requestOf({ headers: headers('msg_7', date, 'relay'), body })),
    ).toMatchObject({
      id: 'msg_7',
      attemptedAt: date,
    });
  });

  it('uses the id and time of the webhook headers of a delivery without a signature', async () => {
    const date = new Date('2026-01-22T12:00:00Z');
    const { 'webhook-signature': _signature, ...unsigned } = headers('msg_7', date, 'relay');

    expect(await verifierWith(bound).verifier.verify(requestOf({ headers: unsigned, body }))).toMatchObject({
      id: 'msg_7',
      attemptedAt: date,
    });
  });

  it('gives a valid time even if the header does not', async () => {
    const odd = { ...headers('msg_7', new Date(), 'relay'), 'webhook-timestamp': '9'.repeat(16) };

    const { attemptedAt } = await verifierWith(bound).verifier.verify(requestOf({ headers: odd, body }));

    expect(Number.isNaN(attemptedAt.getTime())).toBe(false);
  });

  it('does not run if a built-in strategy verifies the delivery', async () => {
    const relay = strategy(async () => ({ event, bound: true }));

    expect(await verifierWith(relay).verifier.verify(requestOf(withHmac(secret, body)))).toMatchObject({
      strategy: 'hmac',
    });
    expect(relay.verify).not.toHaveBeenCalled();
  });

  it('does not run for an authentic delivery with a malformed event', async () => {
    const relay = strategy(async () => ({ event, bound: true }));

    expect(await codeOf(() => verifierWith(relay).verifier.verify(requestOf(withHmac(secret, '[]'))))).toBe(
      'malformed_event',
    );
    expect(relay.verify).not.toHaveBeenCalled();
  });

  it('that hangs times out after ten seconds and is named in the log', async () => {
    jest.useFakeTimers();
    try {
      const { verifier } = verifierWith(strategy(() => new Promise(() => undefined)));
      const code = codeOf(() => verifier.verify(requestOf(bare)));
      await jest.advanceTimersByTimeAsync(10_000);

      expect(await code).toBe('keys_unavailable');
      expect(error).toHaveBeenCalledWith(expect.stringContaining('"relay" failed: verify() took too long'));
    } finally {
      jest.useRealTimers();
    }
  });

  it('runs in order until one verifies the delivery', async () => {
    const [first, last] = [notMine(), strategy(async () => ({ event, bound: true }), 'last')];

    expect(await verifierWith(first, bound, last).verifier.verify(requestOf(bare))).toMatchObject({
      strategy: 'relay',
    });
    expect([first.verify.mock.calls.length, last.verify.mock.calls.length]).toEqual([1, 0]);
  });

  it.each([
    ['no headers', bare, 'missing_header'],
    ['a wrong signature', withHmac(newSecret(), body), 'signature_mismatch'],
    ['an old timestamp', withHmac(secret, body, { date: new Date(0) }), 'timestamp_out_of_tolerance'],
  ])('that returns undefined keeps the error of the built-in ones: %s', async (_, delivery, code) => {
    expect(await codeOf(() => verifierWith(notMine()).verifier.verify(requestOf(delivery)))).toBe(code);
  });

  it.each<[string, SignatureStrategy['verify']]>([
    ['rejects', () => Promise.reject(new Error('relay is down'))],
    [
      'throws',
      () => {
        throw new Error('relay is down');
      },
    ],
  ])('that %s makes Google retry, and is named in the log', async (_, verify) => {
    const refused = refusalOf(() => verifierWith(strategy(verify)).verifier.verify(requestOf(bare)));

    expect(await refused).toMatchObject({
      code: 'keys_unavailable',
      message: 'The signature strategy "relay" failed.',
      cause: new Error('relay is down'),
    });
    expect(error).toHaveBeenCalledWith(expect.stringMatching(/"relay".*relay is down/));
  });

  it.each([undefined, null, 7, 'batch.failed', [], {}, { type: 7 }, Object.create({ type: 'batch.failed' }) as object])(
    'that returns the event %j makes the delivery malformed',
    async (given) => {
      const relay = strategy(async () => ({ event: given, bound: true }));

      expect(await codeOf(() => verifierWith(relay).verifier.verify(requestOf(bare)))).toBe('malformed_event');
    },
  );

  it.each([false, undefined, 'yes', 1])('that returns bound: %j requires a binding token', async (given) => {
    const { verifier, tokens } = verifierWith(strategy(async () => ({ event, bound: given as boolean })));
    const token = await tokens.mint({ registration: 'default', path: 'gemini/webhooks', params: {} });

    expect(await codeOf(() => verifier.verify(requestOf(bare)))).toBe('unbound_delivery');
    expect(await verifier.verify(requestOf(bare, { url: `/?gemini_binding=${token}` }))).toMatchObject({
      strategy: 'relay',
    });
  });
});
