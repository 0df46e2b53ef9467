import type { GoogleGenAI } from '@google/genai';
import { GeminiWebhooksError } from '../errors.js';

/** Connection settings of an SDK client, for transfers that the SDK cannot stream. */
export interface GeminiHttp {
  /** `https://generativelanguage.googleapis.com/v1`, or the client's own base URL. */
  readonly baseUrl: string;
  /** The API key and the client's headers. Secret: send them to `baseUrl`'s origin only. */
  readonly headers: Headers;
  readonly fetch: typeof fetch;
}

/** Used methods of the SDK's `ApiClient`: the same from 2.0 to 3.x, with `getFetch` since the SDK accepts a `fetch`. */
interface ApiClient {
  getRequestUrl(): string;
  getHeaders(): Record<string, string>;
  getApiKey(): string | undefined;
  getFetch?(): typeof fetch | undefined;
}

/**
 * @throws GeminiWebhooksError `invalid_option` for a client of Vertex AI, which has no Files API, or for an object
 *   that is not the SDK's client
 */
export function geminiHttp(ai: GoogleGenAI): GeminiHttp {
  if (ai.vertexai) {
    throw new GeminiWebhooksError(
      'invalid_option',
      'GeminiJobs: this client is for Vertex AI, which has no Files API. Give a client with an API key.',
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
 * WHY a protected field: the SDK downloads to a path only, cannot resume, and sends the API key along redirects. The
 * client's key, base URL, headers and `fetch` are not public.
 */
function apiClientOf(ai: GoogleGenAI): ApiClient {
  const { apiClient } = ai as unknown as { readonly apiClient?: Partial<ApiClient> };
  if (apiClient?.getRequestUrl && apiClient.getHeaders && apiClient.getApiKey) return apiClient as ApiClient;
  throw new GeminiWebhooksError(
    'invalid_option',
    'GeminiJobs: this is not a GoogleGenAI client of @google/genai 2 or 3, so its base URL and key cannot be read. Pass such a client.',
  );
}
