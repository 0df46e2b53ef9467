import type { JSONWebKeySet } from 'jose';
import type { GeminiWebhooksEnvironment } from './gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings, JwksOptions } from './gemini-webhooks.options.js';
import { checkGroup, checkTexts, checkUrl } from './option-checks.js';
import { checkWholeNumbers } from './numbers.js';
import { isLoopback } from '../shared/is-loopback.js';

/** URL of Google's keys for dynamic webhooks (ai.google.dev/gemini-api/docs/webhooks, 2026-09). */
export const GOOGLE_JWKS_URL = 'https://generativelanguage.googleapis.com/.well-known/jwks.json';

/** Checked options for verifying dynamic webhooks. */
export interface JwksConfig {
  readonly url: URL;
  readonly audience: string | string[] | undefined;
  readonly issuer: string | string[] | undefined;
  readonly timeoutMs: number;
  readonly cacheMaxAgeMs: number;
  readonly staleIfErrorMs: number;
  readonly keySet: JSONWebKeySet | undefined;
}

const JWKS_NAMES = {
  url: true,
  audience: true,
  issuer: true,
  timeoutMs: true,
  cacheMaxAgeMs: true,
  staleIfErrorMs: true,
  keySet: true,
} as const satisfies Record<keyof JwksOptions, true>;

/** @throws GeminiWebhooksError `invalid_option` */
export function jwksConfig(
  jwks: GeminiWebhooksSettings['jwks'],
  environment: GeminiWebhooksEnvironment,
): JwksConfig | false {
  if (jwks === false) return false;
  const given = checkGroup('jwks', jwks ?? {}, JWKS_NAMES, 'Give an object, or false.');
  return {
    url: keySetUrl(given.url ?? environment.GEMINI_WEBHOOK_JWKS_URL ?? GOOGLE_JWKS_URL),
    audience: checkTexts('jwks.audience', given.audience ?? environment.GEMINI_WEBHOOK_AUDIENCE),
    issuer: checkTexts('jwks.issuer', given.issuer),
    ...checkWholeNumbers('GeminiWebhooksModule: jwks', given, {
      timeoutMs: { fallback: 5_000, min: 1, max: 60_000 },
      cacheMaxAgeMs: { fallback: 600_000, min: 0, max: 86_400_000 },
      staleIfErrorMs: { fallback: 86_400_000, min: 0, max: 7 * 86_400_000 },
    }),
    keySet: given.keySet,
  };
}

function keySetUrl(given: string): URL {
  return checkUrl(
    'jwks.url',
    given,
    ({ protocol, hostname }) => protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)),
    'Give an https: URL; http: is allowed on loopback only, because the server of the keys can forge deliveries.',
  );
}
