import type { ApiError } from '@google/genai';
import { loadGeminiSdk } from '../config/gemini-client.js';

const MAX_MESSAGE_BYTES = 65_536;

/** The SDK's `ApiError` with the response's headers, such as `retry-after`, which the SDK leaves out. */
export type ApiErrorWithHeaders = ApiError & { readonly headers: Headers };

/** Does not use `instanceof`, which would load the SDK, and the app may have another copy of it. */
export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && error.name === 'ApiError' && 'status' in error && typeof error.status === 'number';
}

/** Reads a failed response and returns the error that the SDK would throw. Its message is the body. */
export async function apiErrorOf({ body, status, statusText, headers }: Response): Promise<ApiErrorWithHeaders> {
  const message = await textOf({ body }, MAX_MESSAGE_BYTES);
  const { ApiError } = await loadGeminiSdk();
  return Object.assign(new ApiError({ message: message || `${status} ${statusText}`.trim(), status }), { headers });
}

/** Returns the text of a response, at most the first `maxBytes` of it. */
export async function textOf({ body }: Pick<Response, 'body'>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString();
}
