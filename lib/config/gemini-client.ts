import type { GoogleGenAI, GoogleGenAIOptions } from '@google/genai';
import { lazy } from '../shared/lazy.js';
import { missingPeerError } from '../shared/missing-peer.js';
import type { GeminiWebhooksSettings } from './gemini-webhooks.options.js';
import { invalid } from './option-checks.js';
import { describe } from '../shared/check-object.js';

/** Loads the SDK when it is first needed: that takes a quarter of the time in which an app starts. */
export const loadGeminiSdk = lazy(async () => {
  try {
    return await import('@google/genai');
  } catch (error) {
    throw missingPeerError({ name: '@google/genai', owner: 'GeminiWebhooksModule' }, error);
  }
});

/** The app's client, or one that is created when it is first needed. */
export type GeminiClient = GoogleGenAI | DeferredClient;

/** A client of the module, which is created together with the first request to Gemini. */
export class DeferredClient {
  readonly apiKey: string;
  readonly load: () => Promise<GoogleGenAI>;

  constructor(options: GoogleGenAIOptions & { readonly apiKey: string }) {
    this.apiKey = options.apiKey;
    this.load = lazy(async () => {
      const { GoogleGenAI } = await loadGeminiSdk();
      return new GoogleGenAI(options);
    });
  }
}

/** Returns the client for a request. @throws if the SDK is not installed */
export async function loadedClient(client: GeminiClient): Promise<GoogleGenAI> {
  return client instanceof DeferredClient ? client.load() : client;
}

/**
 * Returns the API key that the app calls Gemini with: from the option, else from the environment in the SDK's order of
 * precedence.
 */
export function geminiApiKey(
  gemini: GeminiWebhooksSettings['gemini'] | GeminiClient,
  environment: { readonly GOOGLE_API_KEY?: string | undefined; readonly GEMINI_API_KEY?: string | undefined },
): string | undefined {
  if (gemini === false) return undefined;
  // The client's private field and the option have the same name.
  const own = (gemini as { readonly apiKey?: unknown } | undefined)?.apiKey;
  if (typeof own === 'string' && own !== '') return own;
  return environment.GOOGLE_API_KEY || environment.GEMINI_API_KEY || undefined;
}

/** Returns the given client, or one from the given options. `undefined` if there is no key. */
export function geminiClient(
  gemini: GeminiWebhooksSettings['gemini'],
  environment: Parameters<typeof geminiApiKey>[1],
): GeminiClient | undefined {
  if (gemini === false) return undefined;
  if (isClient(gemini)) return gemini;
  // The SDK refuses these too, but only when the client is created.
  if (gemini?.project || gemini?.location)
    invalid('gemini', 'has a project or a location, which are for Vertex AI', 'Give { apiKey: "…" } without them.');
  const given: unknown = gemini?.apiKey;
  if (given !== undefined && typeof given !== 'string')
    invalid('gemini.apiKey', `got ${describe(given)}`, 'Give the API key as a string, or leave it out.');
  const apiKey = geminiApiKey(gemini, environment);
  if (apiKey === undefined) return undefined;
  // Explicit, because an environment variable could make the SDK use Vertex AI, which has no webhooks.
  return new DeferredClient({ ...gemini, apiKey, vertexai: false });
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
