import type { HttpServer } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { GeminiWebhooksError } from '../errors.js';
import { unsupportedAdapter, UNSUPPORTED_REMEDY } from './adapter-name.js';
import { restoreBodyHeaders } from './hidden-headers.js';
import { hostBytes } from './host-bytes.js';
import { setRequestState, requestStateOf, type RequestStateWithBytes } from './request-state.js';

/** Request of Express, which is Node's, or of Fastify, which has Node's in `raw`. */
interface AdapterRequest {
  readonly raw?: IncomingMessage;
}

/**
 * Returns the state of a request to one of our routes with its raw body: captured by the module, or stored in `rawBody`
 * by a parser or a host that read it first.
 *
 * @param adapter of the app
 * @throws the earlier refusal of the request, or a GeminiWebhooksError `raw_body_unavailable`
 */
export function deliveredBytes(request: AdapterRequest, adapter: HttpServer): RequestStateWithBytes {
  const message = request.raw ?? (request as IncomingMessage);
  const state = requestStateOf(message) ?? setRequestState(message, { bytes: undefined });
  state.isReached = true;
  restoreBodyHeaders(message, state.hidden);
  if (state.refusal !== undefined) throw state.refusal;
  state.bytes ??= hostBytes(request) ?? hostBytes(message);
  if (state.bytes) return state as RequestStateWithBytes;
  throw new GeminiWebhooksError('raw_body_unavailable', reasonOn(adapter));
}

function reasonOn(adapter: HttpServer): string {
  const unsupported = unsupportedAdapter(adapter);
  if (unsupported)
    return `The bytes of a Gemini delivery cannot be read on the HTTP adapter ${unsupported}, so its signature cannot be checked. ${UNSUPPORTED_REMEDY}`;
  return (
    'The body of a Gemini delivery was read before this module could capture it, so its signature cannot be checked. A body parser runs before ' +
    'the module (such as app.use(json()) in main.ts, or express.json() on the server given to ExpressAdapter): exclude this route from it, or make it keep the bytes in request.rawBody.'
  );
}

/** True if the request was refused, and logged, before it reached the guard. */
export function wasRefusedBefore(request: object, error: unknown): boolean {
  return requestStateOf(request)?.refusal === error;
}
