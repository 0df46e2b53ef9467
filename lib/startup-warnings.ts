import type { GeminiWebhooksConfig } from './gemini-webhooks.config.js';
import { secretKey } from './secret.js';

/** Standard Webhooks 1.0.0 asks for 24 to 64 bytes. */
const SECRET_LEAST_BYTES = 24;
const BINDING_SECRET_LEAST_LENGTH = 16;

/** What an operator should know about a configuration that works, but not as it should. */
export function startupWarnings({ name, binding, jwks, hmac }: GeminiWebhooksConfig): string[] {
  const of = name === 'default' ? '' : ` (registration "${name}")`;
  const warnings: string[] = [];
  if (jwks && binding === false) {
    warnings.push(
      `binding is off${of}: Google signs dynamic webhooks of every Gemini project with the same keys, so anyone with an API key can have events delivered to this app. ` +
        'Events of jobs that are not yours will reach your handlers.',
    );
  }
  if (jwks && binding && binding.secrets.length === 0) {
    warnings.push(
      `No key to bind dynamic webhooks with${of}: all of them are answered 403. Set GEMINI_WEBHOOK_BINDING_SECRET or GEMINI_API_KEY; set jwks: false if you use static webhooks only.`,
    );
  }
  if (binding && binding.secrets.some((secret) => secret.length < BINDING_SECRET_LEAST_LENGTH)) {
    warnings.push(
      `binding.secret${of} is shorter than ${BINDING_SECRET_LEAST_LENGTH} characters: whoever sees a token could guess it. Give a random one, such as \`openssl rand -base64 32\` prints.`,
    );
  }
  const short =
    hmac &&
    Array.isArray(hmac.secrets) &&
    hmac.secrets.some((secret: string) => (secretKey(secret)?.length ?? 0) < SECRET_LEAST_BYTES);
  if (short)
    warnings.push(`A signing secret${of} is shorter than ${SECRET_LEAST_BYTES} bytes. Was it cut when it was copied?`);
  return warnings;
}
