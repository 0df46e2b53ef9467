import type { GeminiWebhooksSettings } from './gemini-webhooks.options.js';

/**
 * The API key that the app calls Gemini with, from wherever it was given: the option's own, else the environment's in
 * the order in which the SDK looks.
 */
export function geminiApiKey(
  gemini: GeminiWebhooksSettings['gemini'],
  environment: { readonly GOOGLE_API_KEY?: string | undefined; readonly GEMINI_API_KEY?: string | undefined },
): string | undefined {
  if (gemini === false) return undefined;
  // A client keeps the key in a private field, options in a public one of the same name.
  const own = (gemini as { readonly apiKey?: unknown } | undefined)?.apiKey;
  if (typeof own === 'string' && own !== '') return own;
  return environment.GOOGLE_API_KEY || environment.GEMINI_API_KEY || undefined;
}

/** Whether a client or its options are for Vertex AI, which has no webhooks. */
export function isVertex(gemini: GeminiWebhooksSettings['gemini']): boolean {
  if (!gemini) return false;
  const { vertexai, enterprise } = gemini as { readonly vertexai?: unknown; readonly enterprise?: unknown };
  return vertexai === true || enterprise === true;
}
