import type { GoogleGenAI, GoogleGenAIRequestOptions, HttpOptions } from '@google/genai';
import { loadedClient, type GeminiClient } from '../config/gemini-client.js';
import { statusOf } from '../shared/http-status.js';

const REQUEST_TIMEOUT_MS = 30_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Turns the SDK's retries off: they would start a job twice, and polls have their own schedule. */
export const NO_RETRIES = {
  http: { retryOptions: { attempts: 1 } } satisfies HttpOptions,
  request: { retries: { strategy: 'none' } } satisfies GoogleGenAIRequestOptions,
};

/** Why a request to Gemini failed. */
export interface ApiFailure {
  readonly error: unknown;
  /** HTTP status; `undefined` if no response arrived. */
  readonly status: number | undefined;
  /** Wait that `Retry-After` asks for, in milliseconds; `undefined` if it asks for none. */
  readonly retryAfterMs: number | undefined;
}

/** Options of one request: `http` for most calls of the SDK, `request` for those of `interactions`. */
export interface RequestOptions {
  readonly http: HttpOptions;
  readonly request: GoogleGenAIRequestOptions;
}

/** Sends one request to Gemini with a timeout. Returns a failure with its status and the wait that Gemini asks for. */
export async function requestOnce<Answer>(
  client: GeminiClient,
  request: (ai: GoogleGenAI, options: RequestOptions) => Promise<Answer>,
): Promise<{ readonly answer: Answer } | { readonly failure: ApiFailure }> {
  let retryAfter: string | null = null;
  try {
    const ai = await loadedClient(client);
    // The SDK's ApiError has no headers, so `fetch` reads them. A custom `fetch` stays in use.
    const ownFetch = (ai as unknown as { readonly httpOptions?: HttpOptions }).httpOptions?.fetch ?? fetch;
    const recording: typeof fetch = async (...args) => {
      const response = await ownFetch(...args);
      retryAfter = response.headers.get('retry-after');
      return response;
    };
    return {
      answer: await request(ai, {
        http: { ...NO_RETRIES.http, timeout: REQUEST_TIMEOUT_MS, fetch: recording },
        request: { ...NO_RETRIES.request, timeout_ms: REQUEST_TIMEOUT_MS },
      }),
    };
  } catch (error) {
    const { headers } = error as { readonly headers?: Headers };
    return {
      failure: {
        error,
        status: statusOf(error),
        retryAfterMs: millisecondsOf(retryAfter ?? headers?.get?.('retry-after') ?? null),
      },
    };
  }
}

/**
 * Returns the wait that a `Retry-After` header asks for, at most an hour; `undefined` if it asks for none. It holds seconds
 * or a date (RFC 9110).
 */
export function millisecondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const waitMs = /^\d+$/.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : undefined;
}
