import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { geminiWebhooksConfig } from '../../../lib/config/gemini-webhooks.config.js';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { BindingTokens } from '../../../lib/signature/binding.js';
import { SignatureVerifier } from '../../../lib/signature/signature-verifier.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { bodyOf, GoogleKeys, headers, newSecret, withEd25519, withHmac, withJwt } from '../../support/senders.js';
import { codeOf, requestOf, verifierOf } from '../../support/verifying.js';

const secret = newSecret();
const google = new GoogleKeys();
const jwks = { keySet: google.keySet };
const body = bodyOf('batch.succeeded', { id: 'b1' });
const anHourAgo = () => new Date(Date.now() - 3_600_000);

afterEach(() => {
  jest.restoreAllMocks();
  Logger.overrideLogger(false);
});

describe('what a verifier says of itself', () => {
  const verifierNamed = (name: string, settings: GeminiWebhooksSettings) =>
    new SignatureVerifier(geminiWebhooksConfig(name, settings, {}), new BindingTokens([], 1));

  it('is the name of its module instance', () => {
    expect(verifierNamed('billing', { hmac: { secrets: secret }, jwks: false }).registration).toBe('billing');
  });

  it.each<{ what: string; settings: GeminiWebhooksSettings; takes: boolean }>([
    {
      what: 'with a binding secret',
      settings: { jwks, binding: { secret: 'a secret of 16 characters' } },
      takes: true,
    },
    { what: 'with binding off', settings: { jwks, binding: false }, takes: true },
    { what: 'without a binding secret', settings: { jwks }, takes: false },
    { what: 'without keys', settings: { jwks: false, binding: { secret: 'a secret of 16 characters' } }, takes: false },
    { what: 'without keys, with binding off', settings: { jwks: false, binding: false }, takes: false },
  ])('is that it takes dynamic deliveries, or not: $what', ({ settings, takes }) => {
    expect(verifierNamed('default', { hmac: { secrets: secret }, ...settings }).takesDynamic).toBe(takes);
  });

  it('is the state of its keys, or that it uses none', async () => {
    const hmac = { secrets: secret };

    expect(await verifierNamed('default', { hmac, jwks }).keySetStatus()).toEqual({ state: 'configured' });
    expect(await verifierNamed('default', { hmac, jwks: false }).keySetStatus()).toBeUndefined();
  });
});

describe('the time of an attempt', () => {
  const date = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
  const verified = (name: string) => ({ name, verify: () => ({ event: JSON.parse(body) as { type: string } }) });

  it.each([
    { how: 'a secret', delivery: withHmac(secret, body, { date }), settings: { hmac: { secrets: secret } } },
    { how: 'a public key', delivery: withEd25519(google.key(), body, { date }), settings: { jwks } },
    {
      how: 'a loaded secret',
      delivery: withHmac(secret, body, { date }),
      settings: { hmac: { secrets: async () => [secret] } },
    },
    {
      how: 'a strategy of the app',
      delivery: { headers: headers('msg_1', date, 'v2,x'), body },
      settings: { strategies: [verified('own')] },
    },
  ])('is that of the header, in seconds, if $how verifies it', async ({ delivery, settings }) => {
    const { verifier } = verifierOf({ binding: false, ...settings } as GeminiWebhooksSettings);

    expect((await verifier.verify(requestOf(delivery))).attemptedAt).toEqual(date);
  });

  it('is that of the header if a token does not say when it was issued', async () => {
    const { verifier } = verifierOf({ jwks, binding: false });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = await withJwt(
      google.rsa.privateKey,
      { ...(JSON.parse(body) as object), exp },
      { kid: 'rsa-0', date },
    );

    expect((await verifier.verify(requestOf(token))).attemptedAt).toEqual(date);
  });
});

describe('a delivery that is too old', () => {
  it('is refused without secrets, too, and reported under the name of the package', async () => {
    const logger = new RecordingLogger();
    Logger.overrideLogger(logger);
    const { verifier } = verifierOf({ jwks, binding: false });
    const old = withEd25519(google.key(), body, { date: anHourAgo() });

    expect(await codeOf(() => verifier.verify(requestOf(old)))).toBe('timestamp_out_of_tolerance');

    expect(logger.of('warn')).toEqual([
      expect.stringMatching(/^An authentic Gemini delivery was refused.* GeminiWebhooks$/),
    ]);
  });
});

describe('a resolver of secrets', () => {
  it('that knows none for the parameters makes nobody authentic, which is no failure', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { verifier } = verifierOf({ hmac: { secrets: async () => undefined as never }, jwks: false });

    expect(await codeOf(() => verifier.verify(requestOf(withHmac(secret, body))))).toBe('signature_mismatch');
  });
});
