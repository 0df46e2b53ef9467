import { GoogleGenAI, type GoogleGenAIOptions } from '@google/genai';
import type { GeminiWebhooksSettings } from './gemini-webhooks.options.js';

/**
 * Returns the API key that the app calls Gemini with: from the option, else from the environment in the SDK's order of
 * precedence.
 */
export function geminiApiKey(
  gemini: GeminiWebhooksSettings['gemini'],
  environment: { readonly GOOGLE_API_KEY?: string | undefined; readonly GEMINI_API_KEY?: string | undefined },
): string | undefined {
  if (gemini === false) return undefined;
  // The client's private field and the option have the same name.
  const own = (gemini as { readonly apiKey?: unknown } | undefined)?.apiKey;
  if (typeof own === 'string' && own !== '') return own;
  return environment.GOOGLE_API_KEY || environment.GEMINI_API_KEY || undefined;
}

/** Returns the given client, or creates one from the given options. `undefined` if there is no key. */
export function geminiClient(
  gemini: GeminiWebhooksSettings['gemini'],
  environment: Parameters<typeof geminiApiKey>[1],
): GoogleGenAI | undefined {
  if (gemini === false) return undefined;
  if (isClient(gemini)) return gemini;
  const apiKey = geminiApiKey(gemini, environment);
  // Explicit, because an environment variable could make the SDK use Vertex AI, which has no webhooks.
  return apiKey === undefined ? undefined : new GoogleGenAI({ ...gemini, apiKey, vertexai: false });
}

/** Does not use `instanceof`, because the app may have another copy of the SDK. */
function isClient(gemini: GoogleGenAI | GoogleGenAIOptions | undefined): gemini is GoogleGenAI {
  return gemini !== undefined && 'batches' in gemini;
}

/** True if a client or its options are for Vertex AI, which has no webhooks. */
export function isVertex(gemini: GeminiWebhooksSettings['gemini']): boolean {
  if (!gemini) return false;
  const { vertexai, enterprise } = gemini as { readonly vertexai?: unknown; readonly enterprise?: unknown };
  return vertexai === true || enterprise === true;
}
