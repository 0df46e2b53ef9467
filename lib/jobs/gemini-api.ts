import type { GoogleGenAI, GoogleGenAIRequestOptions, HttpOptions } from '@google/genai';

const LOOKUP_TIMEOUT_MS = 30_000;
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** One request and no more: the SDK's own retries would start a job twice, and a look-up has a schedule of its own. */
export const ONE_TRY = {
  http: { retryOptions: { attempts: 1 } } satisfies HttpOptions,
  request: { retries: { strategy: 'none' } } satisfies GoogleGenAIRequestOptions,
};

/** Why Gemini did not answer a question as asked. */
export interface ApiFailure {
  readonly error: unknown;
  /** The HTTP status; `undefined` when there was no answer. */
  readonly status: number | undefined;
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** How to put one question: `http` for most calls of the SDK, `request` for those of `interactions`. */
export interface QuestionOptions {
  readonly http: HttpOptions;
  readonly request: GoogleGenAIRequestOptions;
}

/** Asks Gemini once, bounded in time, and says of a failure what its status was and how long to wait. */
export async function ask<Answer>(
  ai: GoogleGenAI,
  question: (options: QuestionOptions) => Promise<Answer>,
): Promise<{ readonly answer: Answer } | { readonly failure: ApiFailure }> {
  let retryAfter: string | null = null;
  // The SDK's ApiError has no headers. A fetch of the user's own stays in use.
  const ownFetch = (ai as unknown as { readonly httpOptions?: HttpOptions }).httpOptions?.fetch ?? fetch;
  const listening: typeof fetch = async (...request) => {
    const response = await ownFetch(...request);
    retryAfter = response.headers.get('retry-after');
    return response;
  };
  try {
    return {
      answer: await question({
        http: { ...ONE_TRY.http, timeout: LOOKUP_TIMEOUT_MS, fetch: listening },
        request: { ...ONE_TRY.request, timeout_ms: LOOKUP_TIMEOUT_MS },
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

/** The HTTP status of an error that the SDK threw. */
export function statusOf(error: unknown): number | undefined {
  const { status } = (error ?? {}) as { readonly status?: unknown };
  return typeof status === 'number' ? status : undefined;
}

/** The wait that a `Retry-After` header asks for, at most an hour. It is in seconds or a date (RFC 9110). */
export function millisecondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const waitMs = /^\d+$/.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), LONGEST_RETRY_AFTER_MS);
}
