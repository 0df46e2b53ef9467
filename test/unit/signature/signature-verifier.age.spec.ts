import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { GeminiWebhooksSettings } from '../../../lib/gemini-webhooks.options.js';
import {
  bodyOf,
  GoogleKeys,
  headers,
  newSecret,
  seconds,
  withEd25519,
  withHmac,
  withJwt,
} from '../../support/senders.js';
import { codeOf, requestOf, verifierOf } from '../../support/verifying.js';

const secret = newSecret();
const google = new GoogleKeys();
const stranger = new GoogleKeys();
const body = bodyOf('batch.succeeded', { id: 'b1' });
const settings: GeminiWebhooksSettings = { hmac: { secrets: secret }, jwks: { keySet: google.keySet }, binding: false };

let warn: jest.SpiedFunction<Logger['warn']>;

beforeEach(() => {
  warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('an authentic delivery of the wrong age', () => {
  it.each([
    ['300 s old', -300_000, true],
    ['301 s old', -301_000, false],
    ['300 s ahead', 300_000, true],
    ['301 s ahead', 301_000, false],
  ])('is judged to the second: %s', async (_, offset, taken) => {
    const now = new Date('2026-01-22T12:00:00.750Z');
    jest.useFakeTimers({ now });
    const { verifier } = verifierOf(settings);
    const date = new Date(Math.floor(now.getTime() / 1000) * 1000 + offset);

    const outcome = await codeOf(() => verifier.verify(requestOf(withHmac(secret, body, { date })))).catch(
      () => 'taken',
    );

    expect(outcome).toBe(taken ? 'taken' : 'timestamp_out_of_tolerance');
    expect(verifier.staleCount).toBe(taken ? 0 : 1);
  });

  const date = new Date(Date.now() - 3_600_000);

  it.each([
    ['v1', () => withHmac(secret, body, { date })],
    ['v1a', () => withEd25519(google.key(), body, { date })],
  ])('signed with %s is counted, and warned about once', async (_, delivery) => {
    const { verifier } = verifierOf(settings);

    const codes = [1, 2].map(() => codeOf(() => verifier.verify(requestOf(delivery()))));

    expect(await Promise.all(codes)).toEqual(['timestamp_out_of_tolerance', 'timestamp_out_of_tolerance']);
    expect(verifier.staleCount).toBe(2);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/360\d s.*toleranceSeconds is 300/));
  });

  it('as a token is counted too, and refused without a word of why', async () => {
    const { verifier } = verifierOf(settings);
    const token = await withJwt(google.rsa.privateKey, { type: 'batch.failed', iat: seconds(date) }, { kid: 'rsa-0' });

    expect(await codeOf(() => verifier.verify(requestOf(token)))).toBe('signature_mismatch');
    expect(verifier.staleCount).toBe(1);
  });

  it.each([
    ['a forged v1', withHmac(newSecret(), body, { date })],
    ['a forged v1a', withEd25519(stranger.key(), body, { date })],
    ['nothing', { headers: headers('msg_1', date, 'v2,x'), body }],
  ])('is neither counted nor warned about when it is not authentic: %s', async (_, delivery) => {
    const { verifier } = verifierOf(settings);

    expect(await codeOf(() => verifier.verify(requestOf(delivery)))).toBe('timestamp_out_of_tolerance');
    expect([verifier.staleCount, warn.mock.calls.length]).toEqual([0, 0]);
  });
});
