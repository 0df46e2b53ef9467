import type { Type } from '@nestjs/common';
import type { AroundGeminiHandler } from '../handlers/around-handler.js';
import { bindingConfig, type BindingConfig } from './binding.config.js';
import { endpointConfig, type EndpointConfig } from './static-webhook.config.js';
import { geminiClient, isVertex, type GeminiClient } from './gemini-client.js';
import type { GeminiWebhooksEnvironment } from './gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings, HmacSecretsResolver } from './gemini-webhooks.options.js';
import type { InboxEngineFactory } from '../inbox/inbox-engine.js';
import { ROUTE_OPTION_NAMES } from './gemini-webhooks.route.js';
import { jobsConfig, type JobsConfig } from './jobs.config.js';
import { jwksConfig, type JwksConfig } from './jwks.config.js';
import { checkGroup, checkUrl, invalid, placeIn, show, splitList } from './option-checks.js';
import { describe } from '../shared/check-object.js';
import { checkSecret } from '../shared/signing-secret.js';
import type { SignatureStrategy } from '../signature/signature-strategy.js';
import { checkWholeNumbers } from './numbers.js';

/** Checked configuration of a module instance, from its options, the environment and the defaults. */
export interface GeminiWebhooksConfig {
  readonly name: string;
  readonly hmac: { readonly secrets: readonly string[] | HmacSecretsResolver } | false;
  readonly jwks: JwksConfig | false;
  readonly strategies: readonly SignatureStrategy[];
  readonly toleranceSeconds: number;
  readonly bodyLimitBytes: number;
  readonly bodyTimeoutMs: number;
  readonly inbox: InboxEngineFactory | undefined;
  readonly around: readonly Type<AroundGeminiHandler>[];
  /** URL of a durable inbox's store, unless the inbox's own options set one. */
  readonly inboxUrl: string | undefined;
  /** Absent if there is no API key. The app cannot call Gemini then. */
  readonly gemini: GeminiClient | undefined;
  readonly publicUrl: URL | undefined;
  readonly binding: BindingConfig | false;
  readonly jobs: JobsConfig;
  readonly endpoint: EndpointConfig | false;
}

const OWNER = 'GeminiWebhooksModule';

/** Names of the settings. */
export const OPTION_NAMES: ReadonlySet<string> = new Set([
  'hmac',
  'jwks',
  'strategies',
  'toleranceSeconds',
  'bodyLimitBytes',
  'bodyTimeoutMs',
  'inbox',
  'around',
  'gemini',
  'publicUrl',
  'binding',
  'jobs',
  'endpoint',
] satisfies (keyof GeminiWebhooksSettings)[]);

/**
 * Checks the settings and the environment, and returns a frozen configuration.
 *
 * @throws GeminiWebhooksError `invalid_option`, with the option, the given value and what to do
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
      'none of them can verify a delivery',
      'Set GEMINI_WEBHOOK_SECRET, hmac.secrets or endpoint for static webhooks, leave jwks on for dynamic ones, or add your own strategy.',
    );
  }
  return Object.freeze({
    name,
    hmac,
    jwks,
    strategies,
    ...checkWholeNumbers(OWNER, settings, {
      toleranceSeconds: { fallback: 300, min: 1, max: 86_400 },
      bodyLimitBytes: { fallback: 262_144, min: 1, max: 64 * 1024 * 1024 },
      bodyTimeoutMs: { fallback: 10_000, min: 1, max: 300_000 },
    }),
    inbox: inboxConfig(settings.inbox),
    around: aroundConfig(settings.around),
    inboxUrl: environment.GEMINI_WEBHOOK_INBOX_URL,
    gemini: geminiClient(settings.gemini, environment),
    publicUrl: publicUrlConfig(settings.publicUrl ?? environment.GEMINI_WEBHOOK_PUBLIC_URL),
    binding: bindingConfig(settings, environment),
    jobs: jobsConfig(settings.jobs, Boolean(hmac || endpoint)),
    endpoint,
  });
}

function checkNames(settings: GeminiWebhooksSettings): void {
  if (typeof settings !== 'object' || settings === null) {
    invalid(
      'options',
      `got ${show(settings)}`,
      'Return an object from the factory; with {} all settings come from the environment.',
    );
  }
  for (const option of Object.keys(settings)) {
    if (OPTION_NAMES.has(option)) continue;
    if (ROUTE_OPTION_NAMES.has(option)) {
      invalid(
        option,
        'was returned by the factory',
        `Give it next to the factory: forRootAsync({ ${option}: …, useFactory }). It is needed before the factory runs.`,
      );
    }
    invalid(option, 'is not an option', `The options are: ${[...OPTION_NAMES].join(', ')}.`);
  }
}

function aroundConfig(around: GeminiWebhooksSettings['around'] = []): GeminiWebhooksConfig['around'] {
  const todo = 'Give a list of classes: [InCls], not of instances.';
  if (!Array.isArray(around)) return invalid('around', `got ${describe(around)}`, todo);
  const other = around.findIndex((one) => typeof one !== 'function');
  if (other === -1) return [...around];
  return invalid('around', `got ${describe(around[other])} at index ${other}`, todo);
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
      'Give "whsec_…", a list of them, or a function; set hmac: false to reject static webhooks.',
    );
  }
  return { secrets: checkedSecrets('hmac.secrets', list) };
}

function checkedSecrets(option: string, secrets: readonly unknown[]): readonly string[] {
  return secrets.map((secret, index) => {
    const problem = checkSecret(secret);
    if (problem)
      invalid(
        placeIn(option, secrets, index),
        `the secret ${problem}`,
        'Give the signing secret as Gemini showed it: "whsec_" and base64.',
      );
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
    invalid('inbox', `got ${describe(inbox)}`, 'Give the result of inlineInbox(…), or leave it out.');
  }
  return inbox as InboxEngineFactory | undefined;
}

function publicUrlConfig(given: string | undefined): URL | undefined {
  if (given === undefined) return undefined;
  return checkUrl(
    'publicUrl',
    given,
    ({ protocol, hash }) => /^https?:$/.test(protocol) && hash === '',
    'Give the public origin of this app, "https://api.example.com", or the full URL of the route, in publicUrl or GEMINI_WEBHOOK_PUBLIC_URL.',
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
      'Only the Gemini API has webhooks: give a client with an API key, or false.',
    );
  }
}
