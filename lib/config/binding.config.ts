import { geminiApiKey } from './gemini-client.js';
import type { GeminiWebhooksEnvironment } from './gemini-webhooks.environment.js';
import type { BindingOptions, GeminiWebhooksSettings } from './gemini-webhooks.options.js';
import { checkGroup, invalid, placeIn, splitList } from './option-checks.js';
import { describe } from '../shared/check-object.js';
import { checkWholeNumbers } from './numbers.js';

/** Checked options for minting and verifying binding tokens. */
export interface BindingConfig {
  /** The first mints tokens, all verify them. If empty, every dynamic delivery is rejected. */
  readonly secrets: readonly string[];
  readonly ttlSeconds: number;
}

/** @throws GeminiWebhooksError `invalid_option` */
export function bindingConfig(
  { binding, gemini }: GeminiWebhooksSettings,
  environment: GeminiWebhooksEnvironment,
): BindingConfig | false {
  if (binding === false) return false;
  const given = checkGroup(
    'binding',
    binding ?? {},
    { secret: true, previousApiKeys: true, ttlSeconds: true },
    'Give { secret, previousApiKeys, ttlSeconds }, or false.',
  );
  const { ttlSeconds } = checkWholeNumbers('GeminiWebhooksModule: binding', given, {
    ttlSeconds: { fallback: 345_600, min: 1, max: 366 * 86_400 },
  });
  const minting = mintingSecrets(given.secret, gemini, environment);
  const previous = previousApiKeys(given.previousApiKeys, environment);
  if (minting.length === 0 && previous.length > 0) {
    invalid(
      'binding.previousApiKeys',
      'is set, but there is no current key to mint tokens with',
      'Set GEMINI_WEBHOOK_BINDING_SECRET or GEMINI_API_KEY as well.',
    );
  }
  return { secrets: [...new Set([...minting, ...previous])], ttlSeconds };
}

function mintingSecrets(
  given: BindingOptions['secret'],
  gemini: GeminiWebhooksSettings['gemini'],
  environment: GeminiWebhooksEnvironment,
): readonly string[] {
  if (given !== undefined) return bindingSecrets('binding.secret', given);
  const named = splitList(environment.GEMINI_WEBHOOK_BINDING_SECRET);
  if (named.length > 0) return named;
  const apiKey = geminiApiKey(gemini, environment);
  return apiKey ? [apiKey] : [];
}

function previousApiKeys(
  given: BindingOptions['previousApiKeys'],
  environment: GeminiWebhooksEnvironment,
): readonly string[] {
  if (given === undefined) return splitList(environment.GEMINI_WEBHOOK_PREVIOUS_API_KEYS);
  if (!Array.isArray(given)) {
    invalid('binding.previousApiKeys', `got ${describe(given)}`, 'Give a list of the API keys that were used before.');
  }
  for (const [index, key] of given.entries()) {
    if (typeof key === 'string' && key !== '') continue;
    invalid(
      `binding.previousApiKeys[${index}]`,
      key === '' ? 'is empty' : `got ${describe(key)}`,
      'Give an API key that was used before, or leave it out.',
    );
  }
  return given;
}

function bindingSecrets(option: string, secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  if (!Array.isArray(secrets) || secrets.length === 0) {
    invalid(option, `got ${describe(secret)}`, 'Give a string or a list of strings.');
  }
  for (const [index, one] of secrets.entries()) {
    if (typeof one === 'string' && one !== '') continue;
    invalid(
      placeIn(option, secrets, index),
      one === '' ? 'is empty' : `got ${describe(one)}`,
      'Give a random string, such as the output of `openssl rand -base64 32`.',
    );
  }
  return secrets;
}
