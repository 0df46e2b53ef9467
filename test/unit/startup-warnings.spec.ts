import { describe, expect, it } from '@jest/globals';
import { geminiWebhooksConfig } from '../../lib/gemini-webhooks.config.js';
import type { GeminiWebhooksSettings } from '../../lib/gemini-webhooks.options.js';
import { startupWarnings } from '../../lib/startup-warnings.js';
import { newSecret } from '../support/senders.js';

const bound = { binding: { secret: 'sixteen letters!' } };
const warningsOf = (settings: GeminiWebhooksSettings, name = 'default') =>
  startupWarnings(geminiWebhooksConfig(name, settings, {}));

describe('at start there is a warning', () => {
  it.each<[string, GeminiWebhooksSettings, RegExp]>([
    ['that anyone can send when binding is off', { binding: false }, /anyone with an API key/],
    ['that all is refused when there is no key to bind with', {}, /403.*GEMINI_WEBHOOK_BINDING_SECRET/],
    ['of a binding secret that is short', { binding: { secret: 'short' } }, /shorter than 16 characters/],
    ['of a secret that was cut', { ...bound, hmac: { secrets: [newSecret(), 'whsec_AAAA'] } }, /shorter than 24 bytes/],
  ])('%s', (_, settings, says) => {
    expect(warningsOf(settings)).toEqual([expect.stringMatching(says)]);
    expect(warningsOf(settings, 'tenant-b')).toEqual([expect.stringContaining('"tenant-b"')]);
  });

  it.each<[string, GeminiWebhooksSettings]>([
    ['all is as it should be', { ...bound, hmac: { secrets: newSecret() } }],
    ['only static webhooks are taken', { jwks: false, hmac: { secrets: newSecret() } }],
    [
      'only static webhooks are taken, without binding',
      { jwks: false, binding: false, hmac: { secrets: newSecret() } },
    ],
    ['the secrets come from a function', { ...bound, hmac: { secrets: () => 'whsec_AAAA' } }],
  ])('of nothing when %s', (_, settings) => {
    expect(warningsOf(settings)).toEqual([]);
  });

  it('that does not show the secret', () => {
    expect(warningsOf({ ...bound, hmac: { secrets: 'whsec_QUJDREVG' } }).join()).not.toContain('QUJDREVG');
  });
});
