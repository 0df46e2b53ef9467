import type { VerifiedDelivery } from '../events/verified-delivery.js';
import type { HiddenHeaders } from './hidden-headers.js';

/** State of a request to one of our routes. */
export interface RequestState {
  /** Raw body; `undefined` if other code read it, or if the request was refused. */
  bytes: Buffer | undefined;
  /** Why the request was refused before it reached our guard. Already logged. */
  refusal?: unknown;
  /** Headers to restore after the body parsers have run. */
  hidden?: HiddenHeaders;
  /** True after our guard has asked for the bytes. */
  isReached?: boolean;
  /** Set by the guard after verification. */
  delivery?: VerifiedDelivery;
}

export type RequestStateWithBytes = RequestState & { readonly bytes: Buffer };

const STATE = Symbol('nestjs-gemini-webhooks:request-state');

interface StatefulRequest {
  [STATE]?: RequestState;
  /** Node's request in Fastify's. Express' request is Node's own. */
  readonly raw?: object;
}

/**
 * Sets the state on Node's request. It is one property: Express changes the prototype of every request, after which V8
 * is slow to find its properties and slower to add one. (A `WeakMap` costs more than either.)
 */
export function setRequestState(message: object, state: RequestState): RequestState {
  (message as StatefulRequest)[STATE] = state;
  return state;
}

/** Returns the state of a request of Node, Express or Fastify. */
export function requestStateOf(request: object): RequestState | undefined {
  const stateful = request as StatefulRequest;
  return stateful[STATE] ?? (stateful.raw as StatefulRequest | undefined)?.[STATE];
}
