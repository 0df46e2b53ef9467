import type { GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';

/** How a client of the SDK reaches the API, for the transfers that the SDK cannot do as a stream. */
export interface GeminiHttp {
  /** `https://generativelanguage.googleapis.com/v1beta`, or what the client was given in its place. */
  readonly baseUrl: string;
  /** The API key and the client's own headers. Secret: for `baseUrl`'s origin and nowhere else. */
  readonly headers: Headers;
  readonly fetch: typeof fetch;
}

/** What is used of the SDK's `ApiClient`: the same methods from 2.0 to 3.x, `getFetch` since it takes a `fetch`. */
interface ApiClient {
  getRequestUrl(): string;
  getHeaders(): Record<string, string>;
  getApiKey(): string | undefined;
  getFetch?(): typeof fetch | undefined;
}

/**
 * @throws GeminiWebhooksError `invalid_option` for a client of Vertex AI, which has no Files API, or one that is not
 *   the SDK's
 */
export function geminiHttp(ai: GoogleGenAI): GeminiHttp {
  if (ai.vertexai) {
    throw new GeminiWebhooksError(
      'invalid_option',
      'GeminiJobs: files are read from the Gemini API, and this client is for Vertex AI, which has none. Give a client with an API key.',
    );
  }
  const client = apiClientOf(ai);
  const headers = new Headers(client.getHeaders());
  headers.delete('content-type');
  const apiKey = client.getApiKey();
  if (apiKey !== undefined && !headers.has('x-goog-api-key')) headers.set('x-goog-api-key', apiKey);
  return { baseUrl: client.getRequestUrl(), headers, fetch: client.getFetch?.() ?? fetch };
}

/**
 * WHY a protected field: the SDK downloads to a path only, cannot resume, and follows redirects with the API key. What
 * its client was made with (key, base URL, headers, `fetch`) is public nowhere.
 */
function apiClientOf(ai: GoogleGenAI): ApiClient {
  const { apiClient } = ai as unknown as { readonly apiClient?: Partial<ApiClient> };
  if (apiClient?.getRequestUrl && apiClient.getHeaders && apiClient.getApiKey) return apiClient as ApiClient;
  throw new GeminiWebhooksError(
    'invalid_option',
    'GeminiJobs: this is no GoogleGenAI client of @google/genai 2 or 3, so nothing says where its files are. Give one.',
  );
}
