import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { bodyOf, GoogleKeys, newSecret, withEd25519, withHmac, withJwt } from '../../support/senders.js';
import { codeOf, requestOf, verifierOf } from '../../support/verifying.js';

const secret = newSecret();
const other = newSecret();
const google = new GoogleKeys();
const body = bodyOf('batch.succeeded', { id: 'b1' });
const settings: GeminiWebhooksSettings = { hmac: { secrets: secret }, jwks: { keySet: google.keySet }, binding: false };

let warn: jest.SpiedFunction<Logger['warn']>;
const warnings = () => warn.mock.calls.map(([message]) => String(message));

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Sends deliveries that are signed with another webhook's secret. */
async function refuse(
  { verifier }: ReturnType<typeof verifierOf>,
  times: number,
  delivery = () => withHmac(other, body),
): Promise<void> {
  for (let sent = 0; sent < times; sent += 1) {
    const request = requestOf(delivery(), { url: '/hooks/gemini?gemini_binding=a.token' });
    expect(await codeOf(() => verifier.verify(request))).toBe('signature_mismatch');
  }
}

function signatureOf({ headers }: ReturnType<typeof withHmac>): string {
  return headers['webhook-signature'] ?? '';
}

describe('deliveries that verify with no secret', () => {
  it('are logged once a minute with the module instance, the path and their number', async () => {
    const app = verifierOf(settings);
    await refuse(app, 12);

    expect(warnings()).toEqual([
      expect.stringMatching(
        /^1 delivery in the last minute could not be verified with any secret: does GEMINI_WEBHOOK_SECRET \(hmac\.secrets\) belong to this webhook\? Compare it.*created.*rotate.*module instance "default", \/hooks\/gemini\)$/,
      ),
    ]);

    jest.advanceTimersByTime(60_000);
    await refuse(app, 1);
    expect(warnings()).toHaveLength(2);
    expect(warnings()[1]).toMatch(/^12 deliveries in the last minute/);

    jest.advanceTimersByTime(600_000);
    await refuse(app, 1);
    expect(warnings()[2]).toMatch(/^1 delivery in the last 10 minutes/);
  });

  it('are logged without secret, signature and binding token', async () => {
    await refuse(verifierOf(settings), 12);

    for (const text of [secret.slice(6), other.slice(6), 'a.token', 'v1,']) {
      expect(warnings().join()).not.toContain(text);
    }
  });

  it('are logged for the first one after the start, and then for several in a row', async () => {
    const app = verifierOf(settings);
    for (const good of [withHmac(secret, body), withEd25519(google.key(), body), withHmac(secret, body)]) {
      await app.verifier.verify(requestOf(good));
      await refuse(app, 2);
      jest.advanceTimersByTime(60_000);
    }
    expect(warnings()).toEqual([expect.stringMatching(/^1 delivery/)]);

    await app.verifier.verify(requestOf(withHmac(secret, body)));
    await refuse(app, 3);
    expect(warnings()[1]).toMatch(/^3 deliveries/);
  });

  it('are all logged if they arrive hours apart and none has verified', async () => {
    const app = verifierOf(settings);
    for (let hour = 0; hour < 3; hour += 1) {
      await refuse(app, 1);
      jest.advanceTimersByTime(3_600_000);
    }

    expect(warnings()).toEqual(Array(3).fill(expect.stringMatching(/^1 delivery in the last/)));
  });

  it('do not include deliveries with missing or malformed headers', async () => {
    const { verifier } = verifierOf(settings);
    const good = withHmac(other, body);
    const junk = [
      { ...good, headers: {} },
      { ...good, headers: { ...good.headers, 'webhook-timestamp': 'yesterday' } },
      { ...good, headers: { ...good.headers, 'webhook-signature': '' } },
    ];
    for (const delivery of junk) {
      expect(await codeOf(() => verifier.verify(requestOf(delivery)))).toMatch(/^(missing|malformed)_header$/);
    }
    expect(warnings()).toEqual([]);
  });

  it('are logged with other advice if no secret is set', async () => {
    await refuse(verifierOf({ ...settings, hmac: false }), 3);

    expect(warnings()).toEqual([
      expect.stringMatching(/no signing secret is set.*GEMINI_WEBHOOK_SECRET \(hmac\.secrets\).*static webhook/),
    ]);
  });

  describe('and are signed as dynamic webhooks', () => {
    const stranger = new GoogleKeys();
    const forged = () => withEd25519(stranger.key(), body);

    it.each<[string, GeminiWebhooksSettings, RegExp]>([
      ['the key set', {}, /any public key: was it sent by Google\?.*jwks\.url, GEMINI_WEBHOOK_JWKS_URL.*rewrites/],
      [
        'the checked claims too',
        { jwks: { keySet: google.keySet, audience: 'app', issuer: 'google' } },
        /Compare jwks\.audience \(GEMINI_WEBHOOK_AUDIENCE\) and jwks\.issuer with the claims/,
      ],
      ['jwks, which is off', { jwks: false }, /signed as a dynamic webhook, and jwks is false/],
    ])('are logged with advice on %s, and not on a secret', async (_what, more, advice) => {
      await refuse(verifierOf({ ...settings, ...more }), 1, forged);

      expect(warnings()).toEqual([expect.stringMatching(advice)]);
      expect(warnings()[0]).toMatch(/\(module instance "default", \/hooks\/gemini\)$/);
      expect(warnings()[0]).not.toMatch(/SECRET|secret/);
    });

    it.each<[string, GeminiWebhooksSettings['jwks'], string]>([
      ['no claims if none is checked', {}, ''],
      [
        'the audience',
        { audience: 'app' },
        ' Compare jwks.audience (GEMINI_WEBHOOK_AUDIENCE) with the claims of a token.',
      ],
      ['the issuer', { issuer: 'google' }, ' Compare jwks.issuer with the claims of a token.'],
    ])('are logged with advice on %s', async (_what, claims, compare) => {
      await refuse(verifierOf({ ...settings, jwks: { keySet: google.keySet, ...claims } }), 1, forged);

      expect(warnings()).toEqual([
        expect.stringContaining(`A simulator has keys of its own.${compare} A proxy or tunnel`),
      ]);
    });

    it.each([
      ['also as a static one', () => `v1,${'A'.repeat(43)}= ${signatureOf(forged())}`],
      ['in no way that is known', () => `v9,${'A'.repeat(43)}=`],
    ])('are logged with advice on the secret if they are signed %s', async (_how, signature) => {
      const { headers } = forged();
      await refuse(verifierOf(settings), 1, () => ({
        headers: { ...headers, 'webhook-signature': signature() },
        body,
      }));

      expect(warnings()).toEqual([expect.stringMatching(/any secret: does GEMINI_WEBHOOK_SECRET/)]);
    });

    it('are logged with advice on keys if only deliveries before the last verified one were static', async () => {
      const app = verifierOf(settings);
      await app.verifier.verify(requestOf(withHmac(secret, body)));
      await refuse(app, 2);
      jest.advanceTimersByTime(60_000);
      await app.verifier.verify(requestOf(withHmac(secret, body)));
      await refuse(app, 3, forged);

      expect(warnings()).toHaveLength(2);
      expect(warnings()[1]).toMatch(/^3 deliveries .*any public key/);
    });

    it('are logged with the same advice if they are tokens', async () => {
      const token = await withJwt(stranger.rsa.privateKey, { type: 'batch.succeeded' });
      await refuse(verifierOf(settings), 1, () => token);

      expect(warnings()).toEqual([expect.stringMatching(/any public key: was it sent by Google/)]);
    });

    it('are logged with advice on the secret together with one of a static webhook', async () => {
      const app = verifierOf(settings);
      await refuse(app, 1, forged);
      await refuse(app, 1);
      await refuse(app, 1, forged);
      jest.advanceTimersByTime(60_000);
      await refuse(app, 1, forged);
      jest.advanceTimersByTime(60_000);
      await refuse(app, 1, forged);

      expect(warnings()).toEqual([
        expect.stringMatching(/^1 delivery .*any public key/),
        expect.stringMatching(/^3 deliveries .*any secret: does GEMINI_WEBHOOK_SECRET/),
        expect.stringMatching(/^1 delivery .*any public key/),
      ]);
    });
  });

  it('cannot fill the log with a long path', async () => {
    const { verifier } = verifierOf(settings);
    for (let sent = 0; sent < 3; sent += 1) {
      const request = requestOf(withHmac(other, body), { url: `/${'x'.repeat(10_000)}` });
      await codeOf(() => verifier.verify(request));
    }

    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]!.length).toBeLessThan(700);
  });
});
