import { describe, expect, it } from '@jest/globals';
import { GoogleGenAI } from '@google/genai';
import { geminiWebhooksConfig } from '../../../lib/config/gemini-webhooks.config.js';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { startupWarnings } from '../../../lib/config/startup-warnings.js';
import { newSecret } from '../../support/senders.js';

const API_KEY = 'AQ.current_key_of_this_test';
const OLD_KEY = 'AIza_old_key_of_this_test';
const bound = { binding: { secret: 'sixteen letters!' } };
const warningsOf = (settings: GeminiWebhooksSettings, name = 'default') =>
  startupWarnings(geminiWebhooksConfig(name, settings, {}));

describe('the app warns at start', () => {
  it('about rejected deliveries only in a process with a route', () => {
    const config = geminiWebhooksConfig('default', {}, {});
    expect(startupWarnings(config)).toHaveLength(1);
    expect(startupWarnings(config, { hasRoute: false })).toEqual([]);
  });

  it.each<[string, GeminiWebhooksSettings, RegExp]>([
    ['that anyone can send events if binding is off', { binding: false }, /anyone with an API key/],
    [
      'that every delivery is rejected without a secret and an API key',
      {},
      /every delivery is rejected.*403.*GEMINI_WEBHOOK_SECRET.*GEMINI_API_KEY.*GEMINI_WEBHOOK_BINDING_SECRET.*\.env/,
    ],
    [
      'that dynamic webhooks are rejected without a binding key, even if there is a custom strategy',
      { strategies: [{ name: 'relay', verify: async () => undefined }] },
      /^No key to bind dynamic webhooks.*403.*GEMINI_WEBHOOK_BINDING_SECRET/,
    ],
    ['about a short binding secret', { binding: { secret: 'short' } }, /shorter than 16 characters/],
    [
      'about a truncated signing secret',
      { ...bound, hmac: { secrets: [newSecret(), `whsec_${'A'.repeat(24)}`] } },
      /shorter than 24 bytes/,
    ],
    [
      'about a signing secret that is too long',
      { ...bound, hmac: { secrets: [newSecret(), `whsec_${'A'.repeat(88)}`] } },
      /longer than 64 bytes/,
    ],
  ])('%s', (_, settings, says) => {
    expect(warningsOf(settings)).toEqual([expect.stringMatching(says)]);
    expect(warningsOf(settings, 'tenant-b')).toEqual([expect.stringContaining('"tenant-b"')]);
  });

  it.each<[string, GeminiWebhooksSettings]>([
    ['a client', { gemini: new GoogleGenAI({ apiKey: API_KEY }) }],
    ["a client's options", { gemini: { apiKey: API_KEY } }],
    ['previous keys as well', { gemini: { apiKey: API_KEY }, binding: { previousApiKeys: [OLD_KEY] } }],
  ])('that tokens depend on the API key if they are derived from that of %s', (_, settings) => {
    const [warning, ...others] = warningsOf({ ...settings, publicUrl: 'https://app.example.com' });

    expect(others).toEqual([]);
    expect(warning).toMatch(/derived from the Gemini API key.*403.*GEMINI_WEBHOOK_BINDING_SECRET/);
    expect(warning).not.toMatch(/\n/);
    for (const key of [API_KEY, OLD_KEY]) expect(warning).not.toContain(key);
  });

  it('that tokens depend on the API key of the environment', () => {
    const config = geminiWebhooksConfig(
      'default',
      { publicUrl: 'https://app.example.com' },
      { GEMINI_API_KEY: API_KEY },
    );

    expect(startupWarnings(config)).toEqual([expect.stringContaining('derived from the Gemini API key')]);
  });

  const client = { gemini: { apiKey: API_KEY } };

  it.each<[string, GeminiWebhooksSettings, RegExp]>([
    ['webhooks are required', { jobs: { webhooks: 'required' } }, /jobs\.webhooks is 'required'.*PUBLIC_URL/],
    ['polling is off', { jobs: { reconcile: false } }, /jobs\.reconcile is false.*PUBLIC_URL/],
  ])('that starts of jobs are refused if %s and no public URL is set', (_, settings, says) => {
    expect(warningsOf({ ...client, ...settings })).toEqual([expect.stringMatching(says)]);
    expect(warningsOf({ ...client, ...settings }, 'tenant-b')).toEqual([expect.stringContaining('"tenant-b"')]);
    const without = { hmac: { secrets: newSecret() }, ...settings };
    expect(warningsOf({ ...without, gemini: false })).toEqual([]);
    expect(warningsOf({ ...client, ...bound, ...settings, publicUrl: 'https://app.example.com' })).toEqual([]);
  });

  it('about refused starts only in a process with a route: a worker without a public URL need not start jobs', () => {
    const config = geminiWebhooksConfig('default', { ...client, jobs: { webhooks: 'required' } }, {});

    expect(startupWarnings(config, { hasRoute: true })).toHaveLength(1);
    expect(startupWarnings(config, { hasRoute: false })).toEqual([]);
  });

  it('about no refused start if polling is off and a static webhook reports the jobs', () => {
    expect(warningsOf({ ...client, hmac: { secrets: newSecret() }, jobs: { reconcile: false } })).toEqual([]);
  });

  it.each<[string, GeminiWebhooksSettings]>([
    ['there are no dynamic webhooks, because the public URL is not set', { gemini: { apiKey: API_KEY } }],
    [
      'tokens are minted with a secret, and the API key is not used for them',
      { ...bound, gemini: { apiKey: API_KEY }, publicUrl: 'https://app.example.com' },
    ],
    [
      'tokens are moving from the API key to a secret',
      {
        binding: { secret: 'sixteen letters!', previousApiKeys: [API_KEY] },
        gemini: { apiKey: API_KEY },
        publicUrl: 'https://app.example.com',
      },
    ],
    [
      'dynamic webhooks are off',
      {
        gemini: { apiKey: API_KEY },
        jwks: false,
        hmac: { secrets: newSecret() },
        publicUrl: 'https://app.example.com',
      },
    ],
    ['the configuration is complete', { ...bound, hmac: { secrets: newSecret() } }],
    ['only static webhooks are accepted', { jwks: false, hmac: { secrets: newSecret() } }],
    [
      'only static webhooks are accepted, without binding',
      { jwks: false, binding: false, hmac: { secrets: newSecret() } },
    ],
    ['only static webhooks are used, and dynamic ones are on by default', { hmac: { secrets: newSecret() } }],
    [
      'only a static webhook is used, whose secret is loaded later',
      {
        endpoint: {
          name: 'app',
          events: ['batch.succeeded'],
          secretStore: { load: async () => [], save: async () => {} },
        },
      },
    ],
    ['the secrets come from a function', { ...bound, hmac: { secrets: () => 'whsec_AAAA' } }],
  ])('about nothing if %s', (_, settings) => {
    expect(warningsOf(settings)).toEqual([]);
  });

  it('without showing the secret', () => {
    expect(warningsOf({ ...bound, hmac: { secrets: `whsec_${'QUJDREVG'.repeat(3)}` } }).join()).not.toContain(
      'QUJDREVG',
    );
  });
});
