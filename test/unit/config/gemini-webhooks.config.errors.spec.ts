import { describe, expect, it } from '@jest/globals';
import { GoogleGenAI } from '@google/genai';
import { geminiWebhooksConfig } from '../../../lib/config/gemini-webhooks.config.js';
import type { GeminiWebhooksEnvironment } from '../../../lib/config/gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings } from '../../../lib/config/gemini-webhooks.options.js';
import { refusalOf } from '../../support/verifying.js';

const SECRET = 'SECRET_of_somebody';

const ENDPOINT = { name: 'my-app', events: ['batch.failed'], secretStore: () => ({}) };

/** Values that plain JavaScript or a factory may return. */
const refuse = (settings: unknown, environment: GeminiWebhooksEnvironment = {}) =>
  refusalOf(() => geminiWebhooksConfig('default', settings as GeminiWebhooksSettings, environment));

/** Option, given value and advice: each error contains all three. */
const CASES: [string, unknown, RegExp, RegExp, RegExp][] = [
  ['hmac', SECRET, /hmac:/, /got a string/, /Give \{ secrets:/],
  ['hmac', null, /hmac:/, /got null/, /or false/],
  ['hmac', [SECRET], /hmac:/, /got a list/, /or false/],
  ['hmac', {}, /hmac\.secrets:/, /got undefined/, /hmac: false/],
  ['hmac', { secrets: [] }, /hmac\.secrets:/, /got an empty list/, /hmac: false/],
  ['hmac', { secrets: 7 }, /hmac\.secrets:/, /got a number/, /Give "whsec_/],
  ['hmac', { secrets: { SECRET } }, /hmac\.secrets:/, /got an object/, /Give "whsec_/],
  ['hmac', { secrets: '' }, / hmac\.secrets:/, /is empty/, /Gemini showed it/],
  ['hmac', { secrets: `${SECRET}!` }, / hmac\.secrets:/, /is not base64/, /Gemini showed it/],
  [
    'hmac',
    { secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 7] },
    /hmac\.secrets\[1\]:/,
    /is not a string/,
    /Gemini showed it/,
  ],
  ['hmac', { secrets: SECRET }, / hmac\.secrets:/, /shorter than 16 bytes/, /Gemini showed it/],
  ['hmac', { secrets: `whsec_whsec_${SECRET}` }, / hmac\.secrets:/, /"whsec_" twice/, /Gemini showed it/],
  ['hmac', { secrets: `WHSEC_${SECRET}` }, / hmac\.secrets:/, /misspelled/, /Gemini showed it/],
  ['hmac', { secret: SECRET }, /hmac\.secret:/, /is not an option/, /The options are: secrets/],
  ['jwks', SECRET, /jwks:/, /got a string/, /or false/],
  ['jwks', { audiences: SECRET }, /jwks\.audiences:/, /is not an option/, /audience, issuer/],
  ['jwks', { url: 'keys.json' }, /jwks\.url:/, /got "keys\.json"/, /Give an https: URL/],
  ['jwks', { url: 7 }, /jwks\.url:/, /got 7/, /Give an https: URL/],
  ['jwks', { url: 'http://keys.example.com/k' }, /jwks\.url:/, /got "http:/, /loopback only/],
  ['jwks', { url: 'http://localhost.example.com' }, /jwks\.url:/, /got "http:/, /loopback only/],
  ['jwks', { url: 'http://127.0.0.1.example.com' }, /jwks\.url:/, /got "http:/, /loopback only/],
  ['jwks', { url: 'file:///keys.json' }, /jwks\.url:/, /got "file:/, /Give an https: URL/],
  [
    'jwks',
    { url: `https://me:${SECRET}@keys.example.com` },
    /jwks\.url:/,
    /contains a user name or password/,
    /https:/,
  ],
  ['jwks', { audience: '' }, /jwks\.audience:/, /got ""/, /Give a string or a list/],
  ['jwks', { audience: [] }, /jwks\.audience:/, /got an empty list/, /Give a string or a list/],
  ['jwks', { issuer: ['a', 7] }, /jwks\.issuer:/, /got a list/, /Give a string or a list/],
  ['jwks', { timeoutMs: 0 }, /jwks: timeoutMs:/, /got 0/, /from 1 to 60000/],
  ['jwks', { cacheMaxAgeMs: -1 }, /jwks: cacheMaxAgeMs:/, /got -1/, /from 0 to 86400000/],
  ['jwks', { staleIfErrorMs: -1 }, /jwks: staleIfErrorMs:/, /got -1/, /from 0 to/],
  ['strategies', 'relay', /strategies:/, /got a string/, /Give a list/],
  ['strategies', [{ name: 'relay' }], /strategies\[0\]:/, /got an object/, /name and a verify/],
  ['strategies', [{ verify: () => undefined }], /strategies\[0\]:/, /got an object/, /name and a verify/],
  ['strategies', [null], /strategies\[0\]:/, /got null/, /name and a verify/],
  ['toleranceSeconds', 86_401, /toleranceSeconds:/, /got 86401/, /from 1 to 86400/],
  ['toleranceSeconds', 0, /toleranceSeconds:/, /got 0/, /from 1 to 86400/],
  ['toleranceSeconds', '300', /toleranceSeconds:/, /got "300"/, /whole number/],
  ['toleranceSeconds', Number.NaN, /toleranceSeconds:/, /got NaN/, /whole number/],
  ['toleranceSeconds', 1.5, /toleranceSeconds:/, /got 1\.5/, /whole number/],
  ['bodyLimitBytes', -1, /bodyLimitBytes:/, /got -1/, /whole number/],
  ['bodyTimeoutMs', Infinity, /bodyTimeoutMs:/, /got Infinity/, /whole number/],
  ['inbox', {}, /inbox:/, /got an object/, /inlineInbox/],
  ['gemini', SECRET, /gemini:/, /got a string/, /Give a GoogleGenAI client/],
  ['gemini', true, /gemini:/, /got a boolean/, /or false/],
  ['gemini', null, /gemini:/, /got null/, /or false/],
  ['gemini', { apiKey: 'key', project: 'p' }, /gemini:/, /has a project or a location/, /apiKey/],
  ['gemini', { vertexai: true }, /gemini:/, /Vertex AI/, /API key/],
  ['gemini', new GoogleGenAI({ vertexai: true, project: 'p', location: 'eu' }), /gemini:/, /Vertex AI/, /API key/],
  ['jobs', 7, /jobs:/, /got a number/, /Give \{ reconcile, webhooks/],
  ['jobs', { poll: true }, /jobs\.poll:/, /is not an option/, /The options are: reconcile/],
  ['jobs', { reconcile: true }, /jobs\.reconcile:/, /got a boolean/, /or false/],
  ['jobs', { reconcile: { everyMs: 1 } }, /jobs\.reconcile\.everyMs:/, /is not an option/, /afterMs, maxIntervalMs/],
  ['jobs', { reconcile: { afterMs: 0 } }, /jobs\.reconcile: afterMs:/, /got 0/, /whole number from 1/],
  ['jobs', { reconcile: { afterMs: 9, untilMs: 9 } }, /jobs\.reconcile\.untilMs:/, /is 9, and afterMs is 9/, /longer/],
  ['jobs', { webhooks: 'always' }, /jobs\.webhooks:/, /got "always"/, /'preferred', 'required', 'never'/],
  ['jobs', { webhooks: 'never', reconcile: false }, /jobs\.reconcile:/, /never be known/, /Leave out one/],
  ['jobs', { repeatStartAfterMs: 0 }, /jobs: repeatStartAfterMs:/, /got 0/, /whole number from 1 to 3600000/],
  [
    'publicUrl',
    'app.example.com',
    /publicUrl:/,
    /got "app\.example\.com"/,
    /Give the public origin.*GEMINI_WEBHOOK_PUBLIC_URL/,
  ],
  ['publicUrl', 'ftp://app.example.com', /publicUrl:/, /got "ftp:/, /Give the public origin/],
  ['publicUrl', 'https://app.example.com/#hook', /publicUrl:/, /got "https:/, /Give the public origin/],
  [
    'publicUrl',
    `https://me:${SECRET}@app.example.com`,
    /publicUrl:/,
    /contains a user name or password/,
    /Give the public origin/,
  ],
  ['binding', SECRET, /binding:/, /got a string/, /or false/],
  ['binding', { secrets: [SECRET] }, /binding\.secrets:/, /is not an option/, /secret, previousApiKeys, ttlSeconds/],
  ['binding', { secret: '' }, / binding\.secret:/, /is empty/, /openssl rand/],
  ['binding', { secret: [`${SECRET}, long enough`, 7] }, /binding\.secret\[1\]:/, /got a number/, /openssl rand/],
  ['binding', { secret: [] }, /binding\.secret:/, /got an empty list/, /Give a string/],
  ['binding', { secret: { SECRET } }, /binding\.secret:/, /got an object/, /Give a string/],
  ['binding', { previousApiKeys: SECRET }, /binding\.previousApiKeys:/, /got a string/, /Give a list of the API keys/],
  ['binding', { previousApiKeys: [SECRET, ''] }, /binding\.previousApiKeys\[1\]:/, /is empty/, /or leave it out/],
  ['binding', { previousApiKeys: [null] }, /binding\.previousApiKeys\[0\]:/, /got null/, /used before/],
  ['binding', { previousApiKeys: [SECRET] }, /binding\.previousApiKeys:/, /no current key/, /GEMINI_API_KEY/],
  ['binding', { ttlSeconds: 0 }, /binding: ttlSeconds:/, /got 0/, /whole number/],
  ['hmacs', {}, /hmacs:/, /is not an option/, /The options are: hmac, jwks/],
  ['path', 'hooks', /path:/, /returned by the factory/, /next to the factory/],
  ['name', 'b', /name:/, /returned by the factory/, /next to the factory/],
  ['constructor', {}, /constructor:/, /is not an option/, /The options are/],
  ['endpoint', SECRET, /endpoint:/, /got a string/, /Give \{ name, events, secretStore \}/],
  ['endpoint', { store: {} }, /endpoint\.store:/, /is not an option/, /secretStore/],
  ['endpoint', { ...ENDPOINT, name: '' }, /endpoint\.name:/, /got ""/, /Give the name/],
  ['endpoint', { ...ENDPOINT, uri: '/hook' }, /endpoint\.uri:/, /got "\/hook"/, /Give a full URL/],
  ['endpoint', { ...ENDPOINT, events: [] }, /endpoint\.events:/, /got no list/, /batch\.succeeded, /],
  ['endpoint', { ...ENDPOINT, events: ['batch.done'] }, /endpoint\.events:/, /got "batch\.done"/, /The events are/],
  ['endpoint', { ...ENDPOINT, events: ['batch.cancelled'] }, /endpoint\.events:/, /cannot be subscribed/, /The events/],
  ['endpoint', { ...ENDPOINT, secretStore: {} }, /endpoint\.secretStore:/, /got an object/, /fileSecretStore/],
  ['endpoint', { ...ENDPOINT, required: 'yes' }, /endpoint\.required:/, /got a string/, /true or false/],
];

describe('a wrong option', () => {
  it.each(CASES)(
    '%s: %j stops the app with an error that has its name, the given value and what to do',
    async (option, value, ...says) => {
      const { code, message } = await refuse({ [option]: value });

      expect(code).toBe('invalid_option');
      for (const part of [/^GeminiWebhooksModule: /, ...says]) expect(message).toMatch(part);
      expect(message).not.toContain(SECRET);
    },
  );

  it.each([undefined, null, 'text', 7])('is reported for %j instead of options', async (settings) => {
    expect((await refuse(settings)).message).toMatch(/options: got .*Return an object/);
  });

  it.each<[GeminiWebhooksEnvironment, RegExp]>([
    [
      { GEMINI_WEBHOOK_SECRET: `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,${SECRET}!` },
      /GEMINI_WEBHOOK_SECRET\[1\]: the secret is not base64/,
    ],
    [{ WEBHOOK_SIGNING_SECRET: `${SECRET}!` }, / WEBHOOK_SIGNING_SECRET: the secret is not base64/],
    [{ GEMINI_WEBHOOK_PREVIOUS_API_KEYS: SECRET }, /binding\.previousApiKeys: .* no current key/],
    [{ GEMINI_WEBHOOK_JWKS_URL: 'keys' }, /jwks\.url: got "keys"/],
    [{ GEMINI_WEBHOOK_PUBLIC_URL: 'app' }, /publicUrl: got "app"/],
  ])('of the environment is reported by its variable name (case %#)', async (environment, message) => {
    const error = await refuse({}, environment);

    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(SECRET);
  });

  it('is reported if nothing can verify a delivery', async () => {
    const { message } = await refuse({ hmac: false, jwks: false });

    expect(message).toMatch(
      /hmac, jwks and strategies: none of them can verify a delivery\. Set GEMINI_WEBHOOK_SECRET/,
    );
    expect((await refuse({ jwks: false })).code).toBe('invalid_option');
  });
});
