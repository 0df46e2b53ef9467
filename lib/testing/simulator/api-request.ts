import type { IncomingMessage } from 'node:http';
import { ApiError, type ApiRequest } from './simulated-api.js';

/** The whole of an inline batch stays under 20 MB (ai.google.dev/gemini-api/docs/batch-api). */
const LARGEST_JSON_BYTES = 20 * 1024 * 1024;

/** A call as its route's handler sees it. @throws ApiError `INVALID_ARGUMENT` for a path that cannot be decoded */
export function requestOf(message: IncomingMessage, path: string, pattern: RegExp | undefined): ApiRequest {
  return {
    params: (pattern?.exec(path) ?? []).slice(1).map(decoded),
    query: new URL(message.url ?? '/', 'http://127.0.0.1').searchParams,
    headers: message.headers,
    json: () => jsonOf(message),
    body: message,
  };
}

function decoded(param: string | undefined): string {
  try {
    return decodeURIComponent(param ?? '');
  } catch {
    throw invalid('The path is not percent-encoded UTF-8.');
  }
}

async function jsonOf(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Without destroying the connection, on which the refusal is still to be sent.
  const body = message.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > LARGEST_JSON_BYTES) {
      throw invalid(`Request payload size exceeds the limit: ${LARGEST_JSON_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    throw invalid('Invalid JSON payload received.');
  }
}

function invalid(message: string): ApiError {
  return new ApiError(400, 'INVALID_ARGUMENT', message);
}
