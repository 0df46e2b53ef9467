import type { GeminiWebhooksConfig } from './gemini-webhooks.config.js';
import type { Logger } from '@nestjs/common';
import { geminiApiKey } from './gemini-client.js';
import { secretKey } from '../shared/signing-secret.js';

/** Bounds from Standard Webhooks 1.0.0. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
const MIN_BINDING_SECRET_LENGTH = 16;

/** Logs the warnings and notes about a configuration, once at start. */
export function logAtStart(
  config: GeminiWebhooksConfig,
  logger: Pick<Logger, 'log' | 'warn'>,
  process: { readonly hasRoute: boolean },
): void {
  for (const warning of startupWarnings(config, process)) logger.warn(warning);
  for (const note of startupNotes(config)) logger.log(note);
}

/**
 * Returns warnings about a valid configuration that is insecure or incomplete.
 *
 * @param hasRoute false for a worker, which receives no deliveries
 */
export function startupWarnings(config: GeminiWebhooksConfig, { hasRoute = true } = {}): string[] {
  const { name, binding, jwks, hmac } = config;
  const instance = name === 'default' ? '' : ` (module instance "${name}")`;
  const warnings: string[] = [];
  if (jwks && binding === false) {
    warnings.push(
      `binding is off${instance}: Google signs the dynamic webhooks of every Gemini project with the same keys, so anyone with an API key can send events to this app. ` +
        'Your handlers can then receive events of jobs in other projects.',
    );
  }
  if (hasRoute && receivesNothing(config)) {
    warnings.push(
      `No key to bind dynamic webhooks with, and no signing secret for static ones${instance}: every delivery is rejected, dynamic ones with 403. ` +
        'Set GEMINI_WEBHOOK_SECRET (hmac.secrets) for static webhooks, GEMINI_API_KEY or GEMINI_WEBHOOK_BINDING_SECRET for dynamic ones. ' +
        'A .env file is read only if the app imports ConfigModule.forRoot() of @nestjs/config, and only from the working directory.',
    );
  } else if (hasRoute && jwks && binding && binding.secrets.length === 0 && !isStaticOnly(config)) {
    warnings.push(
      `No key to bind dynamic webhooks with${instance}: all of them are rejected with 403. Set GEMINI_WEBHOOK_BINDING_SECRET or GEMINI_API_KEY; set jwks: false if you use static webhooks only.`,
    );
  }
  if (binding && binding.secrets.some((secret) => secret.length < MIN_BINDING_SECRET_LENGTH)) {
    warnings.push(
      `binding.secret${instance}, or the API key in its place, is shorter than ${MIN_BINDING_SECRET_LENGTH} characters: anyone who sees a token could guess it. Use a random one, such as the output of \`openssl rand -base64 32\`.`,
    );
  }
  if (bindsDynamicWebhooksByApiKey(config)) {
    warnings.push(
      `Binding tokens${instance} are derived from the Gemini API key: if that key is replaced, the webhooks of running jobs are rejected with 403. ` +
        'Set GEMINI_WEBHOOK_BINDING_SECRET (binding.secret) to a random string, and list the API key in GEMINI_WEBHOOK_PREVIOUS_API_KEYS (binding.previousApiKeys) until those jobs have ended.',
    );
  }
  const refused = hasRoute && refusedStarts(config);
  if (refused) warnings.push(`Each start of a job${instance} without a uri is refused: ${refused}`);
  const lengths = hmac && Array.isArray(hmac.secrets) ? hmac.secrets.map(secretLength) : [];
  if (lengths.some((length) => length < MIN_SECRET_BYTES))
    warnings.push(
      `A signing secret${instance} is shorter than ${MIN_SECRET_BYTES} bytes. Was it truncated when it was copied?`,
    );
  if (lengths.some((length) => length > MAX_SECRET_BYTES))
    warnings.push(
      `A signing secret${instance} is longer than ${MAX_SECRET_BYTES} bytes. Was it copied together with other text?`,
    );
  return warnings;
}

/** True if the configuration cannot verify any delivery as this app's. */
function receivesNothing({ binding, jwks, hmac, endpoint, gemini, strategies }: GeminiWebhooksConfig): boolean {
  const acceptsDynamic = jwks && (!binding || binding.secrets.length > 0);
  return !hmac && !endpoint && !gemini && strategies.length === 0 && !acceptsDynamic;
}

/** True if the app has a static webhook and no client to start jobs with dynamic ones. */
function isStaticOnly({ hmac, endpoint, gemini }: GeminiWebhooksConfig): boolean {
  return Boolean(hmac || endpoint) && !gemini;
}

/** True if the app uses dynamic webhooks, which need a public URL, and derives its tokens from the API key. */
function bindsDynamicWebhooksByApiKey({ binding, jwks, gemini, publicUrl }: GeminiWebhooksConfig): boolean {
  const [minting] = (binding && binding.secrets) || [];
  return jwks !== false && publicUrl !== undefined && minting !== undefined && minting === geminiApiKey(gemini, {});
}

/** Returns why every start of a job without a `uri` of its own is refused; `undefined` if it is not. */
function refusedStarts({ gemini, publicUrl, jobs, hmac, endpoint }: GeminiWebhooksConfig): string | undefined {
  if (!gemini || publicUrl) return undefined;
  const todo = 'Set publicUrl (GEMINI_WEBHOOK_PUBLIC_URL)';
  if (jobs.webhooks === 'required')
    return `jobs.webhooks is 'required', and publicUrl is not set. ${todo}, or jobs.webhooks to 'preferred'.`;
  if (jobs.reconcile || hmac || endpoint) return undefined;
  return `jobs.reconcile is false, and publicUrl is not set, so nothing would find the end of the job. ${todo}, or leave jobs.reconcile on.`;
}

/** Returns notes about a valid configuration that needs no change. */
export function startupNotes({ name, gemini, hmac, endpoint, publicUrl, jobs }: GeminiWebhooksConfig): string[] {
  const isPolledOnly = jobs.webhooks === 'preferred' && jobs.reconcile && !publicUrl && !hmac && !endpoint;
  if (!gemini || !isPolledOnly) return [];
  const instance = name === 'default' ? '' : ` (module instance "${name}")`;
  return [
    `Jobs${instance} start without a webhook and are polled, because publicUrl (GEMINI_WEBHOOK_PUBLIC_URL) is not set.`,
  ];
}

function secretLength(secret: string): number {
  return secretKey(secret)?.length ?? 0;
}
