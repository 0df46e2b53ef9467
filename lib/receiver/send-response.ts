import type { AbstractHttpAdapter } from '@nestjs/core';
import type { ServerResponse } from 'node:http';

/** JSON response. */
export interface JsonResponse {
  readonly status: number;
  /** Include a content type. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Sends JSON with its own content type, which the adapter does not change. */
export function sendResponse(
  adapter: AbstractHttpAdapter,
  response: object,
  { status, headers, body }: JsonResponse,
): void {
  const json = JSON.stringify(body);
  if (adapter.getType() !== 'express') {
    setHeaders(adapter, response, headers);
    adapter.reply(response, json, status);
    return;
  }
  // Bypasses Express, which would hash each response for an ETag that no webhook sender uses, and Nest 11's adapter, which
  // would replace problem+json with plain JSON. Node writes a string in one piece with the headers.
  const length = Buffer.byteLength(json);
  (response as ServerResponse).writeHead(status, { ...headers, 'content-length': length }).end(json);
}

/** Sets headers before an exception filter sends the response. */
export function setHeaders(adapter: AbstractHttpAdapter, response: object, headers: JsonResponse['headers']): void {
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
}
