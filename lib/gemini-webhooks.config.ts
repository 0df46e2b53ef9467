import type { JSONWebKeySet } from 'jose';
import { GeminiWebhooksError } from './errors.js';
import { geminiApiKey, isVertex } from './gemini-client.js';
import type { GeminiWebhooksEnvironment } from './gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings, HmacSecretsResolver } from './gemini-webhooks.options.js';
import type { InboxEngineFactory } from './inbox/inbox-engine.js';
import { checkSecret } from './secret.js';
import type { SignatureStrategy } from './signature/signature-strategy.js';
import { checkWholeNumbers } from './whole-number.js';

/** Where Google publishes the keys of dynamic webhooks (ai.google.dev/gemini-api/docs/webhooks, 2026-09). */
export const GOOGLE_JWKS_URL = 'https://generativelanguage.googleapis.com/.well-known/jwks.json';

/** A registration's options, environment and defaults, checked. Nothing else fills a default. */
export interface GeminiWebhooksConfig {
  readonly name: string;
  readonly hmac: { readonly secrets: readonly string[] | HmacSecretsResolver } | false;
  readonly jwks: JwksConfig | false;
  readonly strategies: readonly SignatureStrategy[];
  readonly toleranceSeconds: number;
  readonly bodyLimitBytes: number;
  readonly bodyTimeoutMs: number;
  readonly inbox: InboxEngineFactory | undefined;
  readonly publicUrl: URL | undefined;
  /** `secrets` is empty when there is nothing to mint with: every dynamic delivery is then refused. */
  readonly binding: { readonly secrets: readonly string[]; readonly ttlSeconds: number } | false;
}

export interface JwksConfig {
  readonly url: URL;
  readonly audience: string | string[] | undefined;
  readonly issuer: string | string[] | undefined;
  readonly timeoutMs: number;
  readonly cacheMaxAgeMs: number;
  readonly staleIfErrorMs: number;
  readonly keySet: JSONWebKeySet | undefined;
}

const OWNER = 'GeminiWebhooksModule';

const OPTION_NAMES: ReadonlySet<string> = new Set([
  'hmac',
  'jwks',
  'strategies',
  'toleranceSeconds',
  'bodyLimitBytes',
  'bodyTimeoutMs',
  'inbox',
  'gemini',
  'publicUrl',
  'binding',
] satisfies (keyof GeminiWebhooksSettings)[]);

/**
 * One checked, frozen configuration from what was given and what the environment says.
 *
 * @throws GeminiWebhooksError `invalid_option`, with the option, what was given and what to do
 */
export function geminiWebhooksConfig(
  name: string,
  settings: GeminiWebhooksSettings,
  environment: GeminiWebhooksEnvironment,
): GeminiWebhooksConfig {
  checkNames(settings);
  const hmac = hmacConfig(settings.hmac, environment);
  const jwks = jwksConfig(settings.jwks, environment);
  const strategies = strategiesConfig(settings.strategies);
  if (!hmac && !jwks && strategies.length === 0) {
    invalid(
      'hmac, jwks and strategies',
      'nothing that can verify a delivery',
      'Set GEMINI_WEBHOOK_SECRET or hmac.secrets for static webhooks, leave jwks on for dynamic ones, or give a strategy of your own.',
    );
  }
  return Object.freeze({
    name,
    hmac,
    jwks,
    strategies,
    ...checkWholeNumbers(OWNER, settings, {
      toleranceSeconds: { fallback: 300, least: 1, most: 86_400 },
      bodyLimitBytes: { fallback: 262_144, least: 1, most: 64 * 1024 * 1024 },
      bodyTimeoutMs: { fallback: 10_000, least: 1, most: 300_000 },
    }),
    inbox: inboxConfig(settings.inbox),
    publicUrl: publicUrlConfig(settings.publicUrl ?? environment.GEMINI_WEBHOOK_PUBLIC_URL),
    binding: bindingConfig(settings, environment),
  });
}

/** Ends the start of the app with an error that says which option, what was given and what to do. */
export function invalid(option: string, given: string, todo: string): never {
  throw new GeminiWebhooksError('invalid_option', `${OWNER}: ${option}: ${given}. ${todo}`);
}

function checkNames(settings: GeminiWebhooksSettings): void {
  if (typeof settings !== 'object' || settings === null) {
    invalid(
      'options',
      `got ${show(settings)}`,
      'Return an object from the factory; {} takes everything from the environment.',
    );
  }
  for (const option of Object.keys(settings)) {
    if (OPTION_NAMES.has(option)) continue;
    if (['name', 'path', 'controller', 'decorators', 'global'].includes(option)) {
      invalid(
        option,
        'was returned by the factory',
        `Give it beside the factory: forRootAsync({ ${option}: …, useFactory }). It shapes the route.`,
      );
    }
    invalid(option, 'is not an option', `The options are: ${[...OPTION_NAMES].join(', ')}.`);
  }
}

function hmacConfig(
  hmac: GeminiWebhooksSettings['hmac'],
  environment: GeminiWebhooksEnvironment,
): GeminiWebhooksConfig['hmac'] {
  if (hmac === false) return false;
  if (hmac === undefined) {
    const secrets = splitList(environment.GEMINI_WEBHOOK_SECRET ?? environment.WEBHOOK_SIGNING_SECRET);
    const from = environment.GEMINI_WEBHOOK_SECRET ? 'GEMINI_WEBHOOK_SECRET' : 'WEBHOOK_SIGNING_SECRET';
    return secrets.length > 0 && { secrets: checkedSecrets(from, secrets) };
  }
  const { secrets } = object('hmac', hmac, 'Give { secrets: "whsec_…" }, or false.');
  if (typeof secrets === 'function') return { secrets };
  const list = typeof secrets === 'string' ? [secrets] : secrets;
  if (!Array.isArray(list) || list.length === 0) {
    invalid(
      'hmac.secrets',
      `got ${describe(secrets)}`,
      'Give "whsec_…", a list of them, or a function; set hmac: false to refuse static webhooks.',
    );
  }
  return { secrets: checkedSecrets('hmac.secrets', list) };
}

function checkedSecrets(option: string, secrets: readonly unknown[]): readonly string[] {
  return secrets.map((secret, index) => {
    const problem = checkSecret(secret);
    if (problem)
      invalid(`${option}[${index}]`, problem, 'Give the signing secret as Gemini showed it: "whsec_" and base64.');
    return secret as string;
  });
}

function jwksConfig(jwks: GeminiWebhooksSettings['jwks'], environment: GeminiWebhooksEnvironment): JwksConfig | false {
  if (jwks === false) return false;
  const given = object('jwks', jwks ?? {}, 'Give an object, or false.');
  return {
    url: keySetUrl(given.url ?? environment.GEMINI_WEBHOOK_JWKS_URL ?? GOOGLE_JWKS_URL),
    audience: textOrTexts('jwks.audience', given.audience ?? environment.GEMINI_WEBHOOK_AUDIENCE),
    issuer: textOrTexts('jwks.issuer', given.issuer),
    ...checkWholeNumbers(`${OWNER}: jwks`, given, {
      timeoutMs: { fallback: 5_000, least: 1, most: 60_000 },
      cacheMaxAgeMs: { fallback: 600_000, least: 1_000, most: 86_400_000 },
      staleIfErrorMs: { fallback: 86_400_000, least: 0, most: 7 * 86_400_000 },
    }),
    keySet: given.keySet,
  };
}

function keySetUrl(given: string): URL {
  const url = parseUrl(given);
  const loopback = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && loopback))) {
    invalid(
      'jwks.url',
      `got ${show(given)}`,
      'Give an https: URL; http: is taken on loopback only, since whoever serves the keys can forge deliveries.',
    );
  }
  return url;
}

function strategiesConfig(strategies: GeminiWebhooksSettings['strategies']): readonly SignatureStrategy[] {
  const list = strategies ?? [];
  if (!Array.isArray(list)) invalid('strategies', `got ${describe(list)}`, 'Give a list.');
  for (const [index, strategy] of list.entries()) {
    const { name, verify } = (strategy ?? {}) as Partial<SignatureStrategy>;
    if (typeof name !== 'string' || name === '' || typeof verify !== 'function') {
      invalid(
        `strategies[${index}]`,
        `got ${describe(strategy)}`,
        'A strategy has a name and a verify(request) method.',
      );
    }
  }
  return list;
}

function inboxConfig(inbox: unknown): InboxEngineFactory | undefined {
  if (inbox !== undefined && typeof inbox !== 'function') {
    invalid('inbox', `got ${describe(inbox)}`, 'Give what inlineInbox(…) returns, or leave it out.');
  }
  return inbox as InboxEngineFactory | undefined;
}

function publicUrlConfig(given: string | undefined): URL | undefined {
  if (given === undefined) return undefined;
  const url = parseUrl(given);
  if (!url || !/^https?:$/.test(url.protocol) || url.hash || url.username || url.password) {
    invalid(
      'publicUrl',
      `got ${show(given)}`,
      'Give the origin at which Google reaches this app, "https://api.example.com", or the route\'s full URL.',
    );
  }
  return url;
}

function bindingConfig(
  settings: GeminiWebhooksSettings,
  environment: GeminiWebhooksEnvironment,
): GeminiWebhooksConfig['binding'] {
  if (isVertex(settings.gemini)) {
    invalid(
      'gemini',
      'is a Vertex AI client',
      'Webhooks exist on the Gemini API only: give a client with an API key, or false.',
    );
  }
  if (settings.binding === false) return false;
  const given = object('binding', settings.binding ?? {}, 'Give { secret, ttlSeconds }, or false.');
  const { ttlSeconds } = checkWholeNumbers(`${OWNER}: binding`, given, {
    ttlSeconds: { fallback: 345_600, least: 1, most: 366 * 86_400 },
  });
  const secrets = bindingSecrets(given.secret ?? splitList(environment.GEMINI_WEBHOOK_BINDING_SECRET));
  if (secrets.length > 0) return { secrets, ttlSeconds };
  const apiKey = geminiApiKey(settings.gemini, environment);
  return { secrets: apiKey ? [apiKey] : [], ttlSeconds };
}

function bindingSecrets(secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  if (!Array.isArray(secrets))
    invalid('binding.secret', `got ${describe(secret)}`, 'Give a string or a list of strings.');
  for (const [index, one] of secrets.entries()) {
    if (typeof one === 'string' && one.length >= 16) continue;
    invalid(
      `binding.secret[${index}]`,
      'is shorter than 16 characters',
      'Give a random one, such as `openssl rand -base64 32` prints.',
    );
  }
  return secrets;
}

function textOrTexts(option: string, value: unknown): string | string[] | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one !== ''))
    return [...value];
  return invalid(option, `got ${show(value)}`, 'Give a string or a list of strings.');
}

function object<T extends object>(option: string, value: T, todo: string): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  return invalid(option, `got ${describe(value)}`, todo);
}

function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
}

function parseUrl(given: unknown): URL | undefined {
  return typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
}

function show(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : describe(value);
}

/** What kind of value it is, for options whose value may be a secret. */
function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : value === undefined ? 'undefined' : `a ${typeof value}`;
}
