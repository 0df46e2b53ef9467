import { ApiError } from '@google/genai';

const MAX_MESSAGE_BYTES = 65_536;

/** The SDK's `ApiError` with the response's headers, such as `retry-after`, which the SDK leaves out. */
export type ApiErrorWithHeaders = ApiError & { readonly headers: Headers };

/** Reads a failed response and returns the error that the SDK would throw. Its message is the body. */
export async function apiErrorOf({ body, status, statusText, headers }: Response): Promise<ApiErrorWithHeaders> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_MESSAGE_BYTES) break;
  }
  const message = Buffer.concat(chunks).subarray(0, MAX_MESSAGE_BYTES).toString();
  return Object.assign(new ApiError({ message: message || `${status} ${statusText}`.trim(), status }), { headers });
}
