import type { HttpServer } from '@nestjs/common';

/** Returns the name of an adapter that is neither Express nor Fastify; `undefined` for one that is. */
export function unsupportedAdapter(adapter: HttpServer): string | undefined {
  const type = adapter.getType();
  return type === 'express' || type === 'fastify' ? undefined : `${adapter.constructor.name} (type "${type}")`;
}

/** Advice for such an adapter. */
export const UNSUPPORTED_REMEDY =
  'Use @nestjs/platform-express or @nestjs/platform-fastify, or make the adapter keep the bytes in request.rawBody (a Buffer).';
