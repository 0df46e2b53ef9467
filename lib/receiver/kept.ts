import type { VerifiedDelivery } from '../events/verified-delivery.js';

/** What goes along with a request to one of our routes. */
export interface Kept {
  readonly bytes: Buffer;
  /** Once the guard has verified it. */
  delivery?: VerifiedDelivery;
}

const KEPT = Symbol('nestjs-gemini-webhooks:kept');

interface Keeper {
  [KEPT]?: Kept;
  /** Where Fastify's request has Node's. Express' request is Node's own. */
  readonly raw?: object;
}

/**
 * Keeps it on Node's request. All in one property: Express changes the prototype of every request, after which V8 is
 * slow to find its properties and slower to add one. (A `WeakMap` costs more than either.)
 */
export function keep(message: object, kept: Kept): void {
  (message as Keeper)[KEPT] = kept;
}

/** What is kept for a request, be it Node's, Express' or Fastify's. */
export function keptFor(request: object): Kept | undefined {
  const keeper = request as Keeper;
  return keeper[KEPT] ?? (keeper.raw as Keeper | undefined)?.[KEPT];
}
