import type { HttpServer } from '@nestjs/common';
import type { NestContainer } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { problemOf } from '../problem.js';
import type { GuardedRoute } from './guarded-routes.js';
import { captureBody, discardRest, type BodyLimits } from './raw-body.js';
import { registeredPaths } from './route-paths.js';

/** Where Nest's Fastify adapter takes a route's `config` from. */
const ROUTE_CONFIG_METADATA = '__fastify_route_config__';
const MARK = 'geminiWebhooks';
/** Where a request keeps the headers that its parser must not see. */
const HIDDEN = Symbol('nestjs-gemini-webhooks:hidden-headers');

/** The little of Fastify that is used: its types would make it a dependency. */
interface FastifyInstance {
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done) => void,
  ): void;
  addHook(name: 'preValidation', hook: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void): void;
}
interface FastifyRequest {
  [HIDDEN]?: HiddenHeaders;
  readonly raw: IncomingMessage;
  readonly routeOptions: { readonly url?: string; readonly config?: { readonly [MARK]?: boolean } };
}
interface FastifyReply {
  code(status: number): FastifyReply;
  headers(headers: Readonly<Record<string, string>>): FastifyReply;
  send(body: unknown): FastifyReply;
}
type Done = (error: Error | null, payload?: unknown) => void;

/** Routes of one registration. */
interface Capture {
  readonly routes: readonly GuardedRoute[];
  readonly limits: BodyLimits;
  readonly container: NestContainer;
}

/** What is captured on each adapter: several registrations share one hook, so that no stream is read twice. */
const captures = new WeakMap<
  object,
  { readonly all: Capture[]; byPath?: ReadonlyMap<string, BodyLimits> | undefined }
>();

/**
 * Reads what comes to our routes before any parser. Routes are marked in their config, so that Fastify itself says which
 * request is ours, whatever its version or spelling. The mark stands on a method, which controllers that are not ours
 * may inherit: so the route's path, as it was registered, must be ours too.
 */
export function captureOnFastify(adapter: HttpServer, capture: Capture): void {
  for (const { method } of capture.routes) {
    const config = (Reflect.getMetadata(ROUTE_CONFIG_METADATA, method) ?? {}) as object;
    Reflect.defineMetadata(ROUTE_CONFIG_METADATA, { ...config, [MARK]: true }, method);
  }
  const known = captures.get(adapter);
  if (known) {
    known.all.push(capture);
    known.byPath = undefined;
    return;
  }
  const state: { all: Capture[]; byPath?: ReadonlyMap<string, BodyLimits> | undefined } = { all: [capture] };
  captures.set(adapter, state);
  const fastify = adapter.getInstance() as FastifyInstance;

  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const { url, config } = request.routeOptions;
    if (url === undefined || !config?.[MARK]) return done(null, payload);
    // The app sets its prefix and versions after the adapter was made, so paths are made at the first request.
    state.byPath ??= new Map(state.all.flatMap((one) => limitsByPath(adapter, one)));
    const own = state.byPath.get(url);
    if (!own) return done(null, payload);
    captureBody(request.raw, own, (error) => {
      if (error !== undefined) {
        const { problem, headers } = problemOf(error);
        discardRest(request.raw, own);
        reply.code(problem.status).headers(headers).send(problem);
        return;
      }
      // Fastify parses nothing where there is no type and no length: its parsers would answer malformed JSON themselves.
      request[HIDDEN] = hideBody(request.raw);
      done(null, payload);
    });
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const headers = request[HIDDEN];
    if (headers) Object.assign(request.raw.headers, headers);
    done();
  });
}

function limitsByPath(adapter: HttpServer, { routes, limits, container }: Capture): [string, BodyLimits][] {
  return routes.flatMap((route) =>
    registeredPaths(adapter, container, route).map((path): [string, BodyLimits] => [path, limits]),
  );
}

const BODY_HEADERS = ['content-type', 'content-length', 'transfer-encoding'] as const;

type HiddenHeaders = { [Name in (typeof BODY_HEADERS)[number]]?: string };

function hideBody({ headers }: IncomingMessage): HiddenHeaders {
  const hidden: HiddenHeaders = {};
  for (const name of BODY_HEADERS) {
    const value = headers[name];
    if (value === undefined) continue;
    hidden[name] = value;
    headers[name] = undefined;
  }
  return hidden;
}
