import type { HttpServer } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { problemOf } from '../problem.js';
import type { GuardedRoute } from './guarded-routes.js';
import { captureBody, discardRest, type BodyLimits } from './raw-body.js';

/** Where Nest's Fastify adapter takes a route's `config` from. */
const ROUTE_CONFIG_METADATA = '__fastify_route_config__';
const MARK = 'geminiWebhooks';

/** The little of Fastify that is used: its types would make it a dependency. */
interface FastifyInstance {
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done) => void,
  ): void;
  addHook(name: 'preValidation', hook: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void): void;
}
interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly routeOptions: { readonly config: { readonly [MARK]?: string } };
}
interface FastifyReply {
  code(status: number): FastifyReply;
  headers(headers: Readonly<Record<string, string>>): FastifyReply;
  send(body: unknown): FastifyReply;
}
type Done = (error: Error | null, payload?: unknown) => void;

const limitsByRegistration = new WeakMap<object, Map<string, BodyLimits>>();

/**
 * Reads what comes to our routes before any parser. Routes are marked in their config, so that Fastify itself says which
 * request is ours, whatever its prefix, version or spelling.
 */
export function captureOnFastify(
  adapter: HttpServer,
  {
    routes,
    limits,
    registration,
  }: { readonly routes: readonly GuardedRoute[]; readonly limits: BodyLimits; readonly registration: string },
): void {
  for (const { method } of routes) {
    const config = (Reflect.getMetadata(ROUTE_CONFIG_METADATA, method) ?? {}) as object;
    Reflect.defineMetadata(ROUTE_CONFIG_METADATA, { ...config, [MARK]: registration }, method);
  }
  const known = limitsByRegistration.get(adapter);
  if (known) {
    known.set(registration, limits);
    return;
  }
  const all = new Map([[registration, limits]]);
  limitsByRegistration.set(adapter, all);
  const hidden = new WeakMap<IncomingMessage, HiddenHeaders>();
  const fastify = adapter.getInstance() as FastifyInstance;

  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const own = all.get(request.routeOptions.config?.[MARK] ?? '');
    if (!own) return done(null, payload);
    captureBody(request.raw, own).then(
      () => {
        // Fastify parses nothing where there is no type and no length: its parsers would answer malformed JSON themselves.
        hidden.set(request.raw, hideBody(request.raw));
        done(null, payload);
      },
      (error: unknown) => {
        const { problem, headers } = problemOf(error);
        discardRest(request.raw, own);
        reply.code(problem.status).headers(headers).send(problem);
      },
    );
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const headers = hidden.get(request.raw);
    if (headers) Object.assign(request.raw.headers, headers);
    done();
  });
}

type HiddenHeaders = Record<'content-type' | 'content-length' | 'transfer-encoding', string | undefined>;

function hideBody({ headers }: IncomingMessage): HiddenHeaders {
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': encoding } = headers;
  const none = { 'content-type': undefined, 'content-length': undefined, 'transfer-encoding': undefined };
  Object.assign(headers, none);
  return { 'content-type': type, 'content-length': length, 'transfer-encoding': encoding };
}
