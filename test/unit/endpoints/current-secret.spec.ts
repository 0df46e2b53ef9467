import { describe, expect, it } from '@jest/globals';
import { isCurrentSecretKept } from '../../../lib/endpoints/current-secret.js';
import type { TruncatedSecret } from '../../../lib/endpoints/static-webhook.js';

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

describe('whether the current secret is kept', () => {
  it.each([
    'whsec_AbCd...',
    'whsec_AbCd…2345',
    'AbCdEf...',
    '...2345',
    '****2345',
    'whsec_********2345',
    'whsec_AbCd**************2345',
  ])('is told by %p', (truncated) => {
    const webhook = webhookOf({ truncated });

    expect(isCurrentSecretKept(webhook, [OTHER, SECRET])).toBe(true);
    expect(isCurrentSecretKept(webhook, [OTHER])).toBe(false);
    expect(isCurrentSecretKept(webhook, [])).toBe(false);
  });

  it.each(['', 'whsec_...', 'whsec_Ab...', '***', 'sha256:9f86d081', '2345', 'whsec_', 'a b...c d'])(
    'cannot be told by %p, so anything that is kept counts',
    (truncated) => {
      expect(isCurrentSecretKept(webhookOf({ truncated }), [OTHER])).toBe(true);
      expect(isCurrentSecretKept(webhookOf({ truncated }), [])).toBe(false);
    },
  );

  it('counts anything when Gemini shows none', () => {
    expect(isCurrentSecretKept(webhookOf(), [OTHER])).toBe(true);
    expect(isCurrentSecretKept(webhookOf({ truncated: 'whsec_AbCd...', expiresAt: LATER }), [OTHER])).toBe(true);
  });

  it('is asked of the one that does not expire, on both sides', () => {
    const webhook = webhookOf({ truncated: 'whsec_ZZZZ...', expiresAt: LATER }, { truncated: 'whsec_AbCd...' });

    expect(isCurrentSecretKept(webhook, [OTHER])).toBe(false);
    expect(isCurrentSecretKept(webhook, [{ ...SECRET, expiresAt: LATER }])).toBe(false);
    expect(isCurrentSecretKept(webhook, [SECRET, { ...OTHER, expiresAt: LATER }])).toBe(true);
  });
});
