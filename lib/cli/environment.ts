import type { GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';
import { GOOGLE_JWKS_URL } from '../jwks.config.js';
import { splitList } from '../option-checks.js';
import { checkSecret } from '../secret.js';
import type { CommandHost } from './command-host.js';

/**
 * The client of the project that the environment names. The SDK is loaded here, so that what needs no API starts at once.
 *
 * @throws GeminiWebhooksError `invalid_argument` when there is no API key
 */
export async function geminiOf({ environment, fetch }: CommandHost): Promise<GoogleGenAI> {
  const apiKey = apiKeyOf(environment);
  const baseUrl = environment['GOOGLE_GEMINI_BASE_URL'];
  const { GoogleGenAI } = await import('@google/genai');
  return new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { ...(baseUrl && { baseUrl }), fetch } });
}

/** In the order in which the SDK looks. @throws GeminiWebhooksError `invalid_argument` when there is none */
export function apiKeyOf(environment: CommandHost['environment']): string {
  const apiKey = environment['GOOGLE_API_KEY'] || environment['GEMINI_API_KEY'];
  if (apiKey) return apiKey;
  throw new GeminiWebhooksError(
    'invalid_argument',
    'There is no API key. Set GEMINI_API_KEY (https://aistudio.google.com/apikey).',
  );
}

/**
 * The signing secrets of the environment, as the module reads them; `[]` when there is none.
 *
 * @throws GeminiWebhooksError `invalid_argument` for one that cannot be
 */
export function secretsOf({ environment }: Pick<CommandHost, 'environment'>): readonly string[] {
  const name = environment['GEMINI_WEBHOOK_SECRET'] ? 'GEMINI_WEBHOOK_SECRET' : 'WEBHOOK_SIGNING_SECRET';
  const secrets = splitList(environment[name]);
  const wrong = secrets.map(checkSecret).find((one) => one !== undefined);
  if (wrong === undefined) return secrets;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `${name}: a secret ${wrong}. A signing secret is whsec_ and base64.`,
  );
}

/** Where the keys of dynamic webhooks are. @throws GeminiWebhooksError `invalid_argument` */
export function keySetUrlOf({ environment }: Pick<CommandHost, 'environment'>): URL {
  const given = environment['GEMINI_WEBHOOK_JWKS_URL'] || GOOGLE_JWKS_URL;
  if (URL.canParse(given)) return new URL(given);
  throw new GeminiWebhooksError('invalid_argument', 'GEMINI_WEBHOOK_JWKS_URL is not a URL.');
}
