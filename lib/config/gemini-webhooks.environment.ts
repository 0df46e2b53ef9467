import { registerAs } from '@nestjs/config';

/** Environment variables that the module reads at start. `forRoot` itself also reads `GEMINI_WEBHOOK_PATH`. */
export const ENVIRONMENT_NAMES = [
  'GEMINI_WEBHOOK_SECRET',
  'WEBHOOK_SIGNING_SECRET',
  'GEMINI_WEBHOOK_JWKS_URL',
  'GEMINI_WEBHOOK_AUDIENCE',
  'GEMINI_WEBHOOK_INBOX_URL',
  'GEMINI_WEBHOOK_PUBLIC_URL',
  'GEMINI_WEBHOOK_BINDING_SECRET',
  'GEMINI_WEBHOOK_PREVIOUS_API_KEYS',
  'GOOGLE_API_KEY',
  'GEMINI_API_KEY',
] as const;

/** Values of the environment variables. Empty values count as absent. */
export type GeminiWebhooksEnvironment = { readonly [Name in (typeof ENVIRONMENT_NAMES)[number]]?: string };

/**
 * Environment as `@nestjs/config` sees it: the variables of the process, and those of the `.env` files that the app's
 * `ConfigModule` has loaded.
 */
export const geminiWebhooksEnvironment = registerAs('geminiWebhooks', () => readEnvironment(process.env));

export function readEnvironment(env: NodeJS.ProcessEnv): GeminiWebhooksEnvironment {
  const given = ENVIRONMENT_NAMES.map((name) => [name, env[name]?.trim()] as const).filter(([, value]) => value);
  return Object.freeze(Object.fromEntries(given));
}
