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
 * Reads the variables of the process, to which the app's `ConfigModule` adds those of its `.env` files before Nest creates
 * any provider.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): GeminiWebhooksEnvironment {
  const given = ENVIRONMENT_NAMES.map((name) => [name, env[name]?.trim()] as const).filter(([, value]) => value);
  return Object.freeze(Object.fromEntries(given));
}
