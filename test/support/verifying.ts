import { geminiWebhooksConfig, type GeminiWebhooksConfig } from '../../lib/config/gemini-webhooks.config.js';
import type { GeminiWebhooksEnvironment } from '../../lib/config/gemini-webhooks.environment.js';
import type { GeminiWebhooksSettings } from '../../lib/config/gemini-webhooks.options.js';
import { GeminiWebhooksError } from '../../lib/errors.js';
import { BindingTokens } from '../../lib/signature/binding.js';
import type { DeliveryRequest } from '../../lib/signature/delivery-request.js';
import { parseSignatureHeaders, type SignatureHeaders } from '../../lib/signature/signature-headers.js';
import { SignatureVerifier } from '../../lib/signature/signature-verifier.js';

/** A checked configuration without an environment, unless one is given. */
export function configOf(
  settings: GeminiWebhooksSettings = {},
  environment: GeminiWebhooksEnvironment = {},
): GeminiWebhooksConfig {
  return geminiWebhooksConfig('default', settings, environment);
}

/** The verifier of a registration, and the tokens that it takes. */
export function verifierOf(settings: GeminiWebhooksSettings): { verifier: SignatureVerifier; tokens: BindingTokens } {
  const config = configOf({ binding: { secret: 'a binding secret of the tests' }, ...settings });
  const { secrets, ttlSeconds } = config.binding || { secrets: [], ttlSeconds: 0 };
  const tokens = new BindingTokens(secrets, ttlSeconds);
  return { verifier: new SignatureVerifier(config, tokens), tokens };
}

/** A signed delivery as the receiver hands it on. */
export function requestOf(
  { headers, body }: { headers: DeliveryRequest['headers']; body: string | Buffer },
  rest: Partial<DeliveryRequest> = {},
): DeliveryRequest {
  return { headers, body: Buffer.from(body), url: '/gemini/webhooks', params: {}, path: 'gemini/webhooks', ...rest };
}

/** The parsed headers of a signed delivery. */
export function parsedHeaders({ headers }: { headers: DeliveryRequest['headers'] }): SignatureHeaders {
  return parseSignatureHeaders(headers);
}

/** The error of ours that the work ends with. Anything else it ends with fails the test. */
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

/** Its code. */
export async function codeOf(work: () => unknown): Promise<string> {
  return (await refusalOf(work)).code;
}
