import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import type { SignatureStrategy } from '../../../lib/signature/signature-strategy.js';
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

const URL = '/hooks/gemini?gemini_binding=a.token';

/** Sends deliveries that are signed with another webhook's secret. */
async function refuse(
  { verifier }: ReturnType<typeof verifierOf>,
  times: number,
  delivery = () => withHmac(other, body),
  url = URL,
): Promise<void> {
  for (let sent = 0; sent < times; sent += 1) {
    const request = requestOf(delivery(), { url });
    expect(await codeOf(() => verifier.verify(request))).toBe('signature_mismatch');
  }
}

/** Sends a delivery that verifies. */
async function accept(
  { verifier }: ReturnType<typeof verifierOf>,
  delivery: { headers: Record<string, string>; body: string } = withHmac(secret, body),
  url = URL,
): Promise<void> {
  await verifier.verify(requestOf(delivery, { url }));
}

const pathsOf = (line: string | undefined) => /module instance "default", (.*)\)$/.exec(line ?? '')?.[1];

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
    for (let minute = 0; minute < 3; minute += 1) {
      await accept(app);
      await refuse(app, 2);
      jest.advanceTimersByTime(60_000);
    }
    expect(warnings()).toEqual([expect.stringMatching(/^1 delivery/)]);

    await accept(app);
    await refuse(app, 3);
    expect(warnings()[1]).toMatch(/^3 deliveries/);
  });

  describe('while others verify', () => {
    it.each<[string, (app: ReturnType<typeof verifierOf>) => Promise<void>]>([
      ['at another path', (app) => accept(app, withHmac(secret, body), '/hooks/other')],
      ['as dynamic webhooks', (app) => accept(app, withEd25519(google.key(), body))],
    ])('%s are logged each minute, from the third in a row', async (_where, acceptOther) => {
      const app = verifierOf(settings);
      for (let minute = 0; minute < 6; minute += 1) {
        await acceptOther(app);
        await refuse(app, 1);
        jest.advanceTimersByTime(60_000);
      }

      expect(warnings().map((line) => parseInt(line, 10))).toEqual([1, 2, 1, 1, 1]);
      expect(warnings().map(pathsOf)).toEqual(Array(5).fill('/hooks/gemini'));
    });

    it('as dynamic webhooks only are logged with advice on keys, not on the secret that works', async () => {
      const app = verifierOf(settings);
      const forged = () => withEd25519(new GoogleKeys().key(), body);
      for (let sent = 0; sent < 3; sent += 1) {
        await accept(app);
        await refuse(app, 1, forged);
        jest.advanceTimersByTime(60_000);
      }

      expect(warnings()).toEqual(Array(2).fill(expect.stringMatching(/any public key/)));
    });

    it('at the same path, and in the same way, are not logged if they are single ones', async () => {
      const app = verifierOf(settings);
      for (let minute = 0; minute < 6; minute += 1) {
        await accept(app, withHmac(secret, body), '/hooks/gemini?gemini_binding=another.token');
        await refuse(app, 1);
        jest.advanceTimersByTime(60_000);
      }

      expect(warnings()).toHaveLength(1);
    });

    it('are not logged if they come more than a day apart, as stray ones do', async () => {
      const app = verifierOf(settings);
      for (let week = 0; week < 6; week += 1) {
        await accept(app, withHmac(secret, body), '/hooks/other');
        await refuse(app, 1);
        jest.advanceTimersByTime(7 * 86_400_000);
      }

      expect(warnings()).toHaveLength(1);
    });

    it('no longer count once what failed has verified', async () => {
      const app = verifierOf(settings);
      await accept(app);
      await refuse(app, 1, undefined, '/hooks/a');
      await refuse(app, 1, undefined, '/hooks/b');
      jest.advanceTimersByTime(60_000);
      await accept(app, withHmac(secret, body), '/hooks/b');
      await refuse(app, 2, undefined, '/hooks/a');

      expect(warnings()[1]).toMatch(/^2 deliveries .*\/hooks\/a\)$/);
    });

    it.each<[string, () => Record<string, string>, number]>([
      [
        'are not logged if a custom strategy verifies deliveries that look like them',
        () => withHmac(other, body).headers,
        1,
      ],
      ['are logged if it verifies deliveries without signature headers', () => ({}), 3],
    ])('%s', async (_what, headersOf, lines) => {
      const strategy: SignatureStrategy = {
        name: 'own',
        verify: async ({ headers }) => (headers['x-own'] ? { event: JSON.parse(body), bound: true } : undefined),
      };
      const app = verifierOf({ ...settings, strategies: [strategy] });
      for (let minute = 0; minute < 4; minute += 1) {
        await accept(app, { headers: { ...headersOf(), 'x-own': 'yes' }, body });
        await refuse(app, 1);
        jest.advanceTimersByTime(60_000);
      }

      expect(warnings()).toHaveLength(lines);
    });
  });

  describe('at several paths', () => {
    it('share one line a minute, which names three of the paths and counts all', async () => {
      const app = verifierOf(settings);
      await refuse(app, 1);
      for (const name of ['a', 'b', 'c', 'd', 'e']) await refuse(app, 2, undefined, `/hooks/${name}`);
      await refuse(app, 1, undefined, '/hooks/c');
      jest.advanceTimersByTime(60_000);
      await refuse(app, 1, undefined, '/hooks/e');

      expect(warnings()).toHaveLength(2);
      expect(warnings()[1]).toMatch(/^12 deliveries in the last minute/);
      expect(pathsOf(warnings()[1])).toBe('/hooks/e, /hooks/c, /hooks/d and 2 other paths');
    });

    it('name the others the next time', async () => {
      const app = verifierOf(settings);
      await refuse(app, 1);
      for (let minute = 0; minute < 2; minute += 1) {
        for (const name of ['a', 'b', 'c', 'd']) await refuse(app, 1, undefined, `/hooks/${name}`);
        jest.advanceTimersByTime(60_000);
        await refuse(app, 1, undefined, '/hooks/a');
      }

      expect(pathsOf(warnings()[2])).toMatch(/^\/hooks\/b, .* and 1 other path$/);
    });

    it('name a path once if both static and dynamic webhooks fail there', async () => {
      const app = verifierOf(settings);
      await refuse(app, 2);
      await refuse(app, 1, () => withEd25519(new GoogleKeys().key(), body));
      jest.advanceTimersByTime(60_000);
      await refuse(app, 1);

      expect(warnings()[1]).toMatch(/^3 deliveries/);
      expect(pathsOf(warnings()[1])).toBe('/hooks/gemini');
    });

    it('cannot hide in forged deliveries at ever new paths', async () => {
      const app = verifierOf(settings);
      await accept(app);
      for (let sent = 0; sent < 2_000; sent += 1) await refuse(app, 1, undefined, `/hooks/${sent}`);
      await refuse(app, 3, undefined, '/hooks/broken');
      jest.advanceTimersByTime(60_000);
      await refuse(app, 1, undefined, '/hooks/last');

      expect(warnings()).toHaveLength(2);
      expect(warnings()[1]).toMatch(/^2003 deliveries in the last minute/);
      expect(pathsOf(warnings()[1])).toMatch(/^\/hooks\/broken, /);
    });
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
      await accept(app);
      await refuse(app, 2);
      jest.advanceTimersByTime(60_000);
      await accept(app);
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
