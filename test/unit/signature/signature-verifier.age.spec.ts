import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
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

const NOW = Date.parse('2026-01-22T12:00:00Z');
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
  ])('is checked in whole seconds: %s', async (_, offset, taken) => {
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

  const anHourAgo = () => new Date(Date.now() - 3_600_000);

  it.each([
    ['v1', () => withHmac(secret, body, { date: anHourAgo() })],
    ['v1a', () => withEd25519(google.key(), body, { date: anHourAgo() })],
  ])('signed with %s is counted and logged once', async (_, delivery) => {
    const { verifier } = verifierOf(settings);

    const codes = [1, 2].map(() => codeOf(() => verifier.verify(requestOf(delivery()))));

    expect(await Promise.all(codes)).toEqual(['timestamp_out_of_tolerance', 'timestamp_out_of_tolerance']);
    expect(verifier.staleCount).toBe(2);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/signed 60 minutes ago \(360\d s\).*toleranceSeconds \(300\)/),
    );
  });

  it('as a token is counted too, and the response does not tell the reason', async () => {
    const { verifier } = verifierOf(settings);
    const token = await withJwt(
      google.rsa.privateKey,
      { type: 'batch.failed', iat: seconds(anHourAgo()) },
      { kid: 'rsa-0' },
    );

    expect(await codeOf(() => verifier.verify(requestOf(token)))).toBe('signature_mismatch');
    expect(verifier.staleCount).toBe(1);
  });

  it.each<[string, number, string]>([
    ['1 s too old', -301, String.raw`signed 5 minutes ago \(301 s\)`],
    ['12 minutes old', -720, String.raw`signed 12 minutes ago \(720 s\)`],
    ['2 hours old', -7_200, String.raw`signed 2 hours ago \(7200 s\)`],
    ['3 days old', -259_200, String.raw`signed 3 days ago \(259200 s\)`],
    ['of the future', 720, String.raw`signed 12 minutes ahead of this machine's clock \(720 s\)`],
  ])('signed with v1 is logged with its age: %s', async (_, offset, age) => {
    const { verifier } = verifierOf(settings);
    jest.useFakeTimers({ now: NOW });

    await codeOf(() => verifier.verify(requestOf(withHmac(secret, body, { date: new Date(NOW + offset * 1000) }))));

    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(new RegExp(`age only: it was ${age}\\. Check .*toleranceSeconds \\(300\\)`))],
    ]);
  });

  it.each<[string, object, string, boolean]>([
    ['iat 12 minutes ago', { iat: -720 }, 'its token was issued 12 minutes ago (720 s).', true],
    ['iat 12 minutes ago and exp ahead', { iat: -720, exp: 60 }, 'its token was issued 12 minutes ago (720 s).', true],
    [
      'iat 12 minutes ahead',
      { iat: 720 },
      "its token was issued 12 minutes ahead of this machine's clock (720 s",
      true,
    ],
    [
      'exp passed, iat 12 minutes ago',
      { iat: -720, exp: -60 },
      'its token was issued 12 minutes ago (720 s) and expired 60 seconds ago (60 s).',
      false,
    ],
    [
      'exp passed, iat recent',
      { iat: -90, exp: -30 },
      'its token was issued 90 seconds ago (90 s) and expired 30 seconds ago (30 s).',
      false,
    ],
    ['exp passed and no iat', { exp: -720 }, 'its token expired 12 minutes ago (720 s).', false],
    ['exp now', { exp: 0 }, 'its token expired 0 seconds ago (0 s).', false],
  ])('as a token is logged with the age of the token: %s', async (_, times, age, helpsToRaise) => {
    const { verifier } = verifierOf(settings);
    jest.useFakeTimers({ now: NOW, doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'queueMicrotask'] });
    const claims = Object.fromEntries(Object.entries(times).map(([name, offset]) => [name, NOW / 1000 + offset]));
    // Sent a second ago, again: its headers do not tell the token's age.
    const token = await withJwt(google.rsa.privateKey, { type: 'batch.failed', ...claims }, { kid: 'rsa-0' });
    token.headers['webhook-timestamp'] = String(NOW / 1000 - 1);

    expect(await codeOf(() => verifier.verify(requestOf(token)))).toBe('signature_mismatch');
    const [[line] = []] = warn.mock.calls as unknown as string[][];
    expect(line).toContain(age);
    expect(line?.split("Check this machine's clock")[1]).toBe(
      helpsToRaise ? ', or raise toleranceSeconds (300).' : '.',
    );
    expect(line).not.toContain('eyJ');
    expect(verifier.staleCount).toBe(1);
  });

  it.each([
    ['a forged v1', withHmac(newSecret(), body, { date: anHourAgo() })],
    ['a forged v1a', withEd25519(stranger.key(), body, { date: anHourAgo() })],
    ['nothing', { headers: headers('msg_1', anHourAgo(), 'v2,x'), body }],
  ])('is neither counted nor logged if it is not authentic: %s', async (_, delivery) => {
    const { verifier } = verifierOf(settings);

    expect(await codeOf(() => verifier.verify(requestOf(delivery)))).toBe('timestamp_out_of_tolerance');
    expect([verifier.staleCount, warn.mock.calls.length]).toEqual([0, 0]);
  });
});
