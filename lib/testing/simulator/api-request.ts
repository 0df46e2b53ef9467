import type { IncomingMessage } from 'node:http';
import { ApiError, type ApiRequest } from './simulated-api.js';

/** An inline batch must be smaller than 20 MB (ai.google.dev/gemini-api/docs/batch-api). */
const MAX_JSON_BYTES = 20 * 1024 * 1024;

/** Converts an HTTP request for the handler of its route. @throws ApiError `INVALID_ARGUMENT` for a path that cannot be decoded */
export function requestOf(message: IncomingMessage, path: string, pattern: RegExp | undefined): ApiRequest {
  return {
    version: /^\/(v1(?:alpha|beta)?)\//.exec(path)?.[1] ?? 'v1',
    params: (pattern?.exec(path) ?? []).slice(1).map(decode),
    query: new URL(message.url ?? '/', 'http://127.0.0.1').searchParams,
    headers: message.headers,
    json: () => readJson(message),
    body: message,
  };
}

function decode(param: string | undefined): string {
  try {
    return decodeURIComponent(param ?? '');
  } catch {
    throw invalid('The path is not percent-encoded UTF-8.');
  }
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The connection must stay open for the error response.
  const body = message.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_JSON_BYTES) {
      throw invalid(`Request payload size exceeds the limit: ${MAX_JSON_BYTES} bytes.`);
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
