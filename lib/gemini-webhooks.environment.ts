import { registerAs } from '@nestjs/config';

/** Every variable that the module reads. `path` is read too, before there is an app: see `GEMINI_WEBHOOK_PATH`. */
export const ENVIRONMENT_NAMES = [
  'GEMINI_WEBHOOK_SECRET',
  'WEBHOOK_SIGNING_SECRET',
  'GEMINI_WEBHOOK_JWKS_URL',
  'GEMINI_WEBHOOK_AUDIENCE',
  'GEMINI_WEBHOOK_INBOX_URL',
  'GEMINI_WEBHOOK_PUBLIC_URL',
  'GEMINI_WEBHOOK_BINDING_SECRET',
  'GOOGLE_API_KEY',
  'GEMINI_API_KEY',
] as const;

/** What the environment says; empty values count as absent. */
export type GeminiWebhooksEnvironment = { readonly [Name in (typeof ENVIRONMENT_NAMES)[number]]?: string };

/**
 * The environment as `@nestjs/config` sees it: the process's own variables and those of the `.env` files that the app's
 * `ConfigModule` read into it.
 */
export const geminiWebhooksEnvironment = registerAs('geminiWebhooks', () => readEnvironment(process.env));

export function readEnvironment(env: NodeJS.ProcessEnv): GeminiWebhooksEnvironment {
  const given = ENVIRONMENT_NAMES.map((name) => [name, env[name]?.trim()] as const).filter(([, value]) => value);
  return Object.freeze(Object.fromEntries(given));
}
