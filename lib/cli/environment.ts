import type { GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { GOOGLE_JWKS_URL } from '../config/jwks.config.js';
import { splitList } from '../config/option-checks.js';
import { checkSecret } from '../shared/signing-secret.js';
import type { CommandHost } from './command-host.js';

/**
 * Returns a client for the project of the environment. Loads the SDK only here, so that commands without the API start fast.
 *
 * @throws GeminiWebhooksError `invalid_argument` if there is no API key
 */
export async function geminiOf({ environment, fetch }: CommandHost): Promise<GoogleGenAI> {
  const apiKey = apiKeyOf(environment);
  const baseUrl = environment['GOOGLE_GEMINI_BASE_URL'];
  const { GoogleGenAI } = await import('@google/genai');
  return new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { ...(baseUrl && { baseUrl }), fetch } });
}

/** Reads the API key in the SDK's order. @throws GeminiWebhooksError `invalid_argument` if there is none */
export function apiKeyOf(environment: CommandHost['environment']): string {
  const apiKey = environment['GOOGLE_API_KEY'] || environment['GEMINI_API_KEY'];
  if (apiKey) return apiKey;
  throw new GeminiWebhooksError(
    'invalid_argument',
    'There is no API key. Set GEMINI_API_KEY (https://aistudio.google.com/apikey).',
  );
}

/**
 * Reads the signing secrets of the environment as the module does; `[]` if there is none.
 *
 * @throws GeminiWebhooksError `invalid_argument` for a malformed one
 */
export function secretsOf({ environment }: Pick<CommandHost, 'environment'>): readonly string[] {
  const name = secretVariableOf({ environment });
  const secrets = splitList(environment[name]);
  const problem = secrets.map((secret) => checkSecret(secret, 1)).find((found) => found !== undefined);
  if (problem === undefined) return secrets;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `${name}: a secret ${problem}. A signing secret is whsec_ followed by base64.`,
  );
}

/** Returns the variable that the signing secrets are read from. */
export function secretVariableOf({ environment }: Pick<CommandHost, 'environment'>): string {
  return environment['GEMINI_WEBHOOK_SECRET'] ? 'GEMINI_WEBHOOK_SECRET' : 'WEBHOOK_SIGNING_SECRET';
}

/** True if the environment has a key for binding dynamic webhooks or for starting jobs. */
export function hasDynamicKey({ environment }: Pick<CommandHost, 'environment'>): boolean {
  return ['GOOGLE_API_KEY', 'GEMINI_API_KEY', 'GEMINI_WEBHOOK_BINDING_SECRET'].some((name) =>
    Boolean(environment[name]),
  );
}

/** Returns the URL of the key set for dynamic webhooks. @throws GeminiWebhooksError `invalid_argument` */
export function keySetUrlOf({ environment }: Pick<CommandHost, 'environment'>): URL {
  const given = environment['GEMINI_WEBHOOK_JWKS_URL'] || GOOGLE_JWKS_URL;
  if (URL.canParse(given)) return new URL(given);
  throw new GeminiWebhooksError('invalid_argument', 'GEMINI_WEBHOOK_JWKS_URL is not a URL.');
}
