import { geminiWebhooksConfig, type GeminiWebhooksConfig } from '../../lib/config/gemini-webhooks.config.js';
import type { GeminiWebhooksEnvironment } from '../../lib/config/gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings } from '../../lib/config/gemini-webhooks.options.js';
import { GeminiWebhooksError } from '../../lib/errors.js';
import { BindingTokens } from '../../lib/signature/binding.js';
import type { DeliveryRequest } from '../../lib/signature/delivery-request.js';
import { parseSignatureHeaders, type SignatureHeaders } from '../../lib/signature/signature-headers.js';
import { SignatureVerifier } from '../../lib/signature/signature-verifier.js';

/** Returns a checked configuration, by default with an empty environment. */
export function configOf(
  settings: GeminiWebhooksSettings = {},
  environment: GeminiWebhooksEnvironment = {},
): GeminiWebhooksConfig {
  return geminiWebhooksConfig('default', settings, environment);
}

/** Returns the verifier of a module instance and its binding tokens. */
export function verifierOf(settings: GeminiWebhooksSettings): { verifier: SignatureVerifier; tokens: BindingTokens } {
  const config = configOf({ binding: { secret: 'a binding secret of the tests' }, ...settings });
  const { secrets, ttlSeconds } = config.binding || { secrets: [], ttlSeconds: 0 };
  const tokens = new BindingTokens(secrets, ttlSeconds);
  return { verifier: new SignatureVerifier(config, tokens), tokens };
}

/** Converts a signed delivery to the request that the receiver passes on. */
export function requestOf(
  { headers, body }: { headers: DeliveryRequest['headers']; body: string | Buffer },
  rest: Partial<DeliveryRequest> = {},
): DeliveryRequest {
  return { headers, body: Buffer.from(body), url: '/gemini/webhooks', params: {}, path: 'gemini/webhooks', ...rest };
}

/** Returns the parsed headers of a signed delivery. */
export function parsedHeaders({ headers }: { headers: DeliveryRequest['headers'] }): SignatureHeaders {
  return parseSignatureHeaders(headers);
}

/** Returns the GeminiWebhooksError that the work throws. Any other outcome fails the test. */
export async function refusalOf(work: () => unknown): Promise<GeminiWebhooksError> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    if (error instanceof GeminiWebhooksError) return error;
    throw error;
  }
  throw new Error(`was not refused, but gave ${JSON.stringify(result)}`);
}

/** Returns the code of that error. */
export async function codeOf(work: () => unknown): Promise<string> {
  return (await refusalOf(work)).code;
}
