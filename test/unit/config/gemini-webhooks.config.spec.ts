import { describe, expect, it } from '@jest/globals';
import { GoogleGenAI } from '@google/genai';
import { ENVIRONMENT_NAMES, readEnvironment } from '../../../lib/config/gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import type { GeminiWebhooksConfig } from '../../../lib/config/gemini-webhooks.config.js';
import { configOf } from '../../support/verifying.js';

const [A, B, C] = ['A', 'B', 'C'].map((letter) => `whsec_${letter.repeat(32)}`) as [string, string, string];
const strategy = { name: 'relay', verify: async () => undefined };

const secretsOf = (config: GeminiWebhooksConfig) => config.hmac && config.hmac.secrets;
const bindingOf = (config: GeminiWebhooksConfig) => config.binding && config.binding.secrets;

class Around {
  around(_run: unknown, next: () => Promise<unknown>) {
    return next();
  }
}

describe('a configuration without options', () => {
  it('has the defaults: dynamic webhooks with binding, and no static ones', () => {
    expect(configOf()).toEqual({
      name: 'default',
      hmac: false,
      jwks: {
        url: new URL('https://generativelanguage.googleapis.com/.well-known/jwks.json'),
        audience: undefined,
        issuer: undefined,
        timeoutMs: 5_000,
        cacheMaxAgeMs: 600_000,
        staleIfErrorMs: 86_400_000,
        keySet: undefined,
      },
      strategies: [],
      toleranceSeconds: 300,
      bodyLimitBytes: 262_144,
      bodyTimeoutMs: 10_000,
      inbox: undefined,
      around: [],
      gemini: undefined,
      publicUrl: undefined,
      binding: { secrets: [], ttlSeconds: 345_600 },
      jobs: { reconcile: { untilMs: 259_200_000 }, webhooks: 'preferred', repeatStartAfterMs: 120_000 },
      endpoint: false,
    });
  });

  it('has the same defaults if every option is undefined', () => {
    const names = [
      'hmac',
      'jwks',
      'strategies',
      'toleranceSeconds',
      'inbox',
      'around',
      'gemini',
      'publicUrl',
      'binding',
      'jobs',
      'endpoint',
    ];

    expect(configOf(Object.fromEntries(names.map((name) => [name, undefined])))).toEqual(configOf());
  });

  it('is frozen', () => {
    expect(Object.isFrozen(configOf())).toBe(true);
  });
});

describe('a configuration with options', () => {
  it('keeps each option as given', () => {
    const inbox = () => {
      throw new Error('is not made here');
    };
    const keySet = { keys: [] };
    const settings: GeminiWebhooksSettings = {
      hmac: { secrets: [A, B] },
      jwks: {
        url: 'http://127.0.0.1:8080/keys',
        audience: ['a', 'b'],
        issuer: 'google',
        timeoutMs: 1,
        cacheMaxAgeMs: 1_000,
        staleIfErrorMs: 0,
        keySet,
      },
      strategies: [strategy],
      toleranceSeconds: 86_400,
      bodyLimitBytes: 1,
      bodyTimeoutMs: 1,
      inbox,
      around: [Around],
      publicUrl: 'https://app.example.com/base/hook',
      binding: { secret: ['sixteen letters!', 'sixteen others..'], ttlSeconds: 60 },
      gemini: new GoogleGenAI({ apiKey: 'key' }),
      jobs: {
        reconcile: { afterMs: 1, maxIntervalMs: 2, untilMs: 3 },
        webhooks: 'required',
        repeatStartAfterMs: 4,
      },
      endpoint: {
        name: 'my-app',
        uri: 'https://app.example.com/hook',
        events: ['batch.completed'],
        secretStore: () => Promise.reject(new Error('is not made here')) as never,
        required: true,
      },
    };
    const { jobs: _jobs, ...sameNames } = settings;

    expect(configOf(settings)).toEqual({
      ...sameNames,
      name: 'default',
      jwks: { ...settings.jwks, url: new URL('http://127.0.0.1:8080/keys') },
      publicUrl: new URL('https://app.example.com/base/hook'),
      binding: { secrets: ['sixteen letters!', 'sixteen others..'], ttlSeconds: 60 },
      jobs: {
        reconcile: { afterMs: 1, maxIntervalMs: 2, untilMs: 3 },
        webhooks: 'required',
        repeatStartAfterMs: 4,
      },
    });
  });

  it('does not poll if reconcile is false', () => {
    expect(configOf({ jobs: { reconcile: false } }).jobs.reconcile).toBe(false);
  });

  it('turns one secret into a list, and keeps a function', () => {
    const resolver = () => A;

    expect(secretsOf(configOf({ hmac: { secrets: A } }))).toEqual([A]);
    expect(secretsOf(configOf({ hmac: { secrets: resolver } }))).toBe(resolver);
    expect(bindingOf(configOf({ binding: { secret: 'sixteen letters!' } }))).toEqual(['sixteen letters!']);
  });

  it.each(['http://localhost/k', 'http://127.1.2.3/k', 'http://[::1]:1/k', 'https://keys.example.com/k?v=1'])(
    'accepts the key set URL %s, which is encrypted or on loopback',
    (url) => {
      expect(configOf({ jwks: { url } }).jwks).toMatchObject({ url: new URL(url) });
    },
  );

  it.each<[string, GeminiWebhooksSettings]>([
    ['a secret', { jwks: false, hmac: { secrets: A } }],
    ['a strategy', { jwks: false, hmac: false, strategies: [strategy] }],
    ['the key set', { hmac: false }],
  ])('can verify deliveries with only %s', (_, settings) => {
    expect(() => configOf(settings)).not.toThrow();
  });
});

describe('a configuration from the environment', () => {
  it.each([
    [{ GEMINI_WEBHOOK_SECRET: A }, [A]],
    [{ WEBHOOK_SIGNING_SECRET: A }, [A]],
    [{ GEMINI_WEBHOOK_SECRET: A, WEBHOOK_SIGNING_SECRET: B }, [A]],
    [{ GEMINI_WEBHOOK_SECRET: `${A},${B}` }, [A, B]],
    [{ GEMINI_WEBHOOK_SECRET: ` ${A} , ${B},, ` }, [A, B]],
    [{ WEBHOOK_SIGNING_SECRET: `${A},${B}` }, [A, B]],
    [{}, false],
  ])('reads the secrets from %j', (environment, secrets) => {
    expect(secretsOf(configOf({}, environment))).toEqual(secrets);
  });

  it('ignores the secrets of the environment if options set them or turn them off', () => {
    const environment = { GEMINI_WEBHOOK_SECRET: A };

    expect(secretsOf(configOf({ hmac: { secrets: C } }, environment))).toEqual([C]);
    expect(configOf({ hmac: false }, environment).hmac).toBe(false);
  });

  it('reads the key set URL, the audience and the public URL if options do not set them', () => {
    const environment = {
      GEMINI_WEBHOOK_JWKS_URL: 'https://env.example.com/k',
      GEMINI_WEBHOOK_AUDIENCE: 'env',
      GEMINI_WEBHOOK_PUBLIC_URL: 'https://env.example.com',
    };
    const own = { jwks: { url: 'https://own.example.com/k', audience: 'own' }, publicUrl: 'https://own.example.com' };

    expect(configOf({}, environment)).toMatchObject({
      jwks: { url: new URL('https://env.example.com/k'), audience: 'env' },
      publicUrl: new URL('https://env.example.com'),
    });
    expect(configOf(own, environment)).toMatchObject({
      jwks: { url: new URL('https://own.example.com/k'), audience: 'own' },
      publicUrl: new URL('https://own.example.com'),
    });
  });

  const keys = { GOOGLE_API_KEY: 'google', GEMINI_API_KEY: 'gemini' };
  const named = { GEMINI_WEBHOOK_BINDING_SECRET: 'sixteen letters!, sixteen others..' };

  it.each<[string, GeminiWebhooksSettings, object, string[]]>([
    [
      'the option, which has precedence',
      { binding: { secret: 'an option, long enough' } },
      { ...keys, ...named },
      ['an option, long enough'],
    ],
    ['the environment, separated by commas', {}, { ...keys, ...named }, ['sixteen letters!', 'sixteen others..']],
    ["then the client's API key", { gemini: new GoogleGenAI({ apiKey: 'client' }) }, keys, ['client']],
    ["or its options' API key", { gemini: { apiKey: 'options' } }, keys, ['options']],
    ['then GOOGLE_API_KEY', {}, keys, ['google']],
    ['then GEMINI_API_KEY', {}, { GEMINI_API_KEY: 'gemini' }, ['gemini']],
    ['and nothing where the client is turned off', { gemini: false }, keys, []],
  ])('takes the binding key from %s', (_, settings, environment, secrets) => {
    expect(bindingOf(configOf(settings, environment))).toEqual(secrets);
  });

  it.each<[string, GeminiWebhooksSettings, object, string[]]>([
    ['of the option', { binding: { previousApiKeys: ['older', 'oldest'] } }, keys, ['google', 'older', 'oldest']],
    [
      'of the environment',
      {},
      { ...keys, GEMINI_WEBHOOK_PREVIOUS_API_KEYS: 'older, oldest' },
      ['google', 'older', 'oldest'],
    ],
    [
      'of the option instead of those of the environment',
      { binding: { previousApiKeys: ['older'] } },
      { ...keys, GEMINI_WEBHOOK_PREVIOUS_API_KEYS: 'oldest' },
      ['google', 'older'],
    ],
    [
      'in addition to a secret',
      { binding: { secret: 'an option, long enough', previousApiKeys: ['google'] } },
      keys,
      ['an option, long enough', 'google'],
    ],
    [
      'without a duplicate if the current key is in the list',
      { binding: { previousApiKeys: ['google', 'older'] } },
      keys,
      ['google', 'older'],
    ],
    ['of an empty list, which means none', { binding: { previousApiKeys: [] } }, keys, ['google']],
  ])('verifies with the previous API keys %s, after the minting key', (_, settings, environment, secrets) => {
    expect(bindingOf(configOf(settings, environment))).toEqual(secrets);
  });

  it('has no binding key if binding is off', () => {
    expect(configOf({ binding: false }, { ...keys, ...named }).binding).toBe(false);
    expect(configOf({ binding: false }, { GEMINI_WEBHOOK_PREVIOUS_API_KEYS: 'old' }).binding).toBe(false);
  });
});

describe('the environment', () => {
  it('is read by variable name and trimmed, and empty values count as absent', () => {
    const all = Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, ` ${name} `]));

    expect(readEnvironment({ ...all, PATH: '/bin', HOME: '' })).toEqual(
      Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, name])),
    );
    expect(
      readEnvironment({ GEMINI_WEBHOOK_SECRET: '', WEBHOOK_SIGNING_SECRET: '  ', GOOGLE_API_KEY: undefined }),
    ).toEqual({});
  });

  it('falls back to WEBHOOK_SIGNING_SECRET if GEMINI_WEBHOOK_SECRET is empty', () => {
    const environment = readEnvironment({ GEMINI_WEBHOOK_SECRET: '', WEBHOOK_SIGNING_SECRET: A });

    expect(secretsOf(configOf({}, environment))).toEqual([A]);
  });
});
