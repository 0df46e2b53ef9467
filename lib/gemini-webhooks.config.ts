import type { GoogleGenAI } from '@google/genai';
import { endpointConfig, type EndpointConfig } from './endpoints.config.js';
import { geminiApiKey, geminiClient, isVertex } from './gemini-client.js';
import type { GeminiWebhooksEnvironment } from './gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings, HmacSecretsResolver } from './gemini-webhooks.options.js';
import type { InboxEngineFactory } from './inbox/inbox-engine.js';
import { ROUTE_OPTION_NAMES } from './gemini-webhooks.route.js';
import { reconcileConfig } from './jobs.config.js';
import { jwksConfig, type JwksConfig } from './jwks.config.js';
import { checkGroup, checkUrl, describe, invalid, show, splitList } from './option-checks.js';
import type { ReconcileSchedule } from './reconcile-schedule.js';
import { checkSecret } from './secret.js';
import type { SignatureStrategy } from './signature/signature-strategy.js';
import { checkWholeNumbers } from './whole-number.js';

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
  /** Where a durable inbox has its store, unless its own options say so. */
  readonly inboxUrl: string | undefined;
  /** Absent where there is no key: nothing can be asked of Gemini. */
  readonly gemini: GoogleGenAI | undefined;
  readonly publicUrl: URL | undefined;
  /** `secrets` is empty when there is nothing to mint with: every dynamic delivery is then refused. */
  readonly binding: { readonly secrets: readonly string[]; readonly ttlSeconds: number } | false;
  readonly reconcile: ReconcileSchedule | false;
  readonly endpoint: EndpointConfig | false;
}

const OWNER = 'GeminiWebhooksModule';

/** The settings, by name. */
export const OPTION_NAMES: ReadonlySet<string> = new Set([
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
  'jobs',
  'endpoint',
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
  checkGemini(settings.gemini);
  const hmac = hmacConfig(settings.hmac, environment);
  const jwks = jwksConfig(settings.jwks, environment);
  const strategies = strategiesConfig(settings.strategies);
  const endpoint = endpointConfig(settings.endpoint);
  if (!hmac && !jwks && strategies.length === 0 && !endpoint) {
    invalid(
      'hmac, jwks and strategies',
      'nothing that can verify a delivery',
      'Set GEMINI_WEBHOOK_SECRET, hmac.secrets or endpoint for static webhooks, leave jwks on for dynamic ones, or give a strategy of your own.',
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
    inboxUrl: environment.GEMINI_WEBHOOK_INBOX_URL,
    gemini: geminiClient(settings.gemini, environment),
    publicUrl: publicUrlConfig(settings.publicUrl ?? environment.GEMINI_WEBHOOK_PUBLIC_URL),
    binding: bindingConfig(settings, environment),
    reconcile: reconcileConfig(settings.jobs),
    endpoint,
  });
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
    if (ROUTE_OPTION_NAMES.has(option)) {
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
  const { secrets } = checkGroup('hmac', hmac, { secrets: true }, 'Give { secrets: "whsec_…" }, or false.');
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
  return checkUrl(
    'publicUrl',
    given,
    ({ protocol, hash }) => /^https?:$/.test(protocol) && hash === '',
    'Give the origin at which Google reaches this app, "https://api.example.com", or the route\'s full URL.',
  );
}

function checkGemini(gemini: unknown): void {
  if (gemini !== undefined && gemini !== false && (typeof gemini !== 'object' || gemini === null)) {
    invalid(
      'gemini',
      `got ${describe(gemini)}`,
      'Give a GoogleGenAI client or its options, { apiKey: "…" }, or false.',
    );
  }
  if (isVertex(gemini as GeminiWebhooksSettings['gemini'])) {
    invalid(
      'gemini',
      'is a Vertex AI client',
      'Webhooks exist on the Gemini API only: give a client with an API key, or false.',
    );
  }
}

function bindingConfig(
  { binding, gemini }: GeminiWebhooksSettings,
  environment: GeminiWebhooksEnvironment,
): GeminiWebhooksConfig['binding'] {
  if (binding === false) return false;
  const given = checkGroup(
    'binding',
    binding ?? {},
    { secret: true, ttlSeconds: true },
    'Give { secret, ttlSeconds }, or false.',
  );
  const { ttlSeconds } = checkWholeNumbers(`${OWNER}: binding`, given, {
    ttlSeconds: { fallback: 345_600, least: 1, most: 366 * 86_400 },
  });
  if (given.secret !== undefined) return { secrets: bindingSecrets('binding.secret', given.secret), ttlSeconds };
  const named = splitList(environment.GEMINI_WEBHOOK_BINDING_SECRET);
  if (named.length > 0) return { secrets: bindingSecrets('GEMINI_WEBHOOK_BINDING_SECRET', named), ttlSeconds };
  const apiKey = geminiApiKey(gemini, environment);
  return { secrets: apiKey ? [apiKey] : [], ttlSeconds };
}

function bindingSecrets(option: string, secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  if (!Array.isArray(secrets) || secrets.length === 0) {
    invalid(option, `got ${describe(secret)}`, 'Give a string or a list of strings.');
  }
  for (const [index, one] of secrets.entries()) {
    if (typeof one === 'string' && one !== '') continue;
    invalid(
      `${option}[${index}]`,
      one === '' ? 'is empty' : `got ${describe(one)}`,
      'Give a random string, such as `openssl rand -base64 32` prints.',
    );
  }
  return secrets;
}
