import { describe, expect, it } from '@jest/globals';
import { isCurrentSecretStored } from '../../../lib/static-webhooks/current-secret.js';
import type { TruncatedSecret } from '../../../lib/static-webhooks/static-webhook.js';

const SECRET = { value: 'whsec_AbCdEfGhIjKlMnOpQrStUvWxYz012345' };
const OTHER = { value: 'whsec_ZZZZEfGhIjKlMnOpQrStUvWxYz01ZZZZ' };
const LATER = '2999-01-01T00:00:00Z';

const webhookOf = (...secrets: TruncatedSecret[]) => ({
  id: 'w',
  uri: 'https://app.example.com',
  events: [],
  state: 'enabled',
  secrets,
});

describe('isCurrentSecretStored', () => {
  it.each([
    'whsec_AbCd...',
    'whsec_AbCd…2345',
    'AbCdEf...',
    '...2345',
    '****2345',
    'whsec_********2345',
    'whsec_AbCd**************2345',
  ])('compares with %p', (truncated) => {
    const webhook = webhookOf({ truncated });

    expect(isCurrentSecretStored(webhook, [OTHER, SECRET])).toBe(true);
    expect(isCurrentSecretStored(webhook, [OTHER])).toBe(false);
    expect(isCurrentSecretStored(webhook, [])).toBe(false);
  });

  it.each(['', 'whsec_...', 'whsec_Ab...', '***', 'sha256:9f86d081', '2345', 'whsec_', 'a b...c d'])(
    'cannot compare with %p, so any stored secret counts',
    (truncated) => {
      expect(isCurrentSecretStored(webhookOf({ truncated }), [OTHER])).toBe(true);
      expect(isCurrentSecretStored(webhookOf({ truncated }), [])).toBe(false);
    },
  );

  it('counts any stored secret when Gemini shows none', () => {
    expect(isCurrentSecretStored(webhookOf(), [OTHER])).toBe(true);
    expect(isCurrentSecretStored(webhookOf({ truncated: 'whsec_AbCd...', expiresAt: LATER }), [OTHER])).toBe(true);
  });

  it('compares only secrets without an expiry', () => {
    const webhook = webhookOf({ truncated: 'whsec_ZZZZ...', expiresAt: LATER }, { truncated: 'whsec_AbCd...' });

    expect(isCurrentSecretStored(webhook, [OTHER])).toBe(false);
    expect(isCurrentSecretStored(webhook, [{ ...SECRET, expiresAt: LATER }])).toBe(false);
    expect(isCurrentSecretStored(webhook, [SECRET, { ...OTHER, expiresAt: LATER }])).toBe(true);
  });
});
