import { GoogleGenAI, type GoogleGenAIOptions } from '@google/genai';
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

/** The client that was given, or one that is made from what was given; `undefined` when there is no key. */
export function geminiClient(
  gemini: GeminiWebhooksSettings['gemini'],
  environment: Parameters<typeof geminiApiKey>[1],
): GoogleGenAI | undefined {
  if (gemini === false) return undefined;
  if (isClient(gemini)) return gemini;
  const apiKey = geminiApiKey(gemini, environment);
  // Said outright: the SDK would take Vertex AI, which has no webhooks, from an environment variable.
  return apiKey === undefined ? undefined : new GoogleGenAI({ ...gemini, apiKey, vertexai: false });
}

/** Not by `instanceof`: the app may have another copy of the SDK. */
function isClient(gemini: GoogleGenAI | GoogleGenAIOptions | undefined): gemini is GoogleGenAI {
  return gemini !== undefined && 'batches' in gemini;
}

/** Whether a client or its options are for Vertex AI, which has no webhooks. */
export function isVertex(gemini: GeminiWebhooksSettings['gemini']): boolean {
  if (!gemini) return false;
  const { vertexai, enterprise } = gemini as { readonly vertexai?: unknown; readonly enterprise?: unknown };
  return vertexai === true || enterprise === true;
}
