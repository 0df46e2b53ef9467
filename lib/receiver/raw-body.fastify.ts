import type { HttpServer } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { problemOf } from '../problem.js';
import { passOn, refuseLateRead } from './body-readers.js';
import { hideBodyHeaders, restoreBodyHeaders, type HiddenHeaders } from './hidden-headers.js';
import { captureBody, discardRest, type Capture } from './raw-body.js';
import { registeredPaths } from './route-paths.js';

/** Key under which Nest's Fastify adapter finds a route's `config`. */
const ROUTE_CONFIG_METADATA = '__fastify_route_config__';
const MARK = 'geminiWebhooks';
/** Headers of a request that its parser must not see. */
const HIDDEN = Symbol('nestjs-gemini-webhooks:hidden-headers');
/** Refusal of a request, sent in place of the response of the app's error handler. */
const REFUSAL = Symbol('nestjs-gemini-webhooks:refusal');

/** Subset of Fastify in use: its own types would make it a dependency. */
interface FastifyInstance {
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done) => void,
  ): void;
  addHook(name: 'preValidation', hook: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void): void;
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}
interface FastifyRoute {
  readonly config?: { readonly [MARK]?: boolean };
  onError?: Hook | Hook[];
  onSend?: Hook | Hook[];
}
type Hook = (request: FastifyRequest, reply: FastifyReply, given: unknown, done: Done) => void;
interface FastifyRequest {
  [HIDDEN]?: HiddenHeaders;
  [REFUSAL]?: unknown;
  readonly raw: IncomingMessage;
  readonly routeOptions: { readonly url?: string; readonly config?: { readonly [MARK]?: boolean } };
}
interface FastifyReply {
  readonly raw: ServerResponse;
  readonly sent: boolean;
  code(status: number): FastifyReply;
  headers(headers: Readonly<Record<string, string>>): FastifyReply;
  send(body: unknown): FastifyReply;
}
type Done = (error?: Error | null, payload?: unknown) => void;

/** Captures by adapter: module instances share one hook, so that no stream is read twice. */
const captures = new WeakMap<object, { readonly all: Capture[]; byPath?: ReadonlyMap<string, Capture> | undefined }>();

/**
 * Reads requests to our routes before any parser. Routes are marked in their config, so that Fastify itself matches
 * requests, including versions and spellings. The mark is on a method, which other controllers may inherit: so the
 * registered path of the route must match too.
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
  const state: { all: Capture[]; byPath?: ReadonlyMap<string, Capture> | undefined } = { all: [capture] };
  captures.set(adapter, state);
  const fastify = adapter.getInstance() as FastifyInstance;

  const captureFor = ({ routeOptions: { url, config } }: FastifyRequest): Capture | undefined => {
    if (url === undefined || !config?.[MARK]) return undefined;
    // The app sets its prefix and versions after it creates the adapter, so paths are resolved at the first request.
    state.byPath ??= new Map(state.all.flatMap((registered) => capturesByPath(adapter, registered)));
    return state.byPath.get(url);
  };

  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const own = captureFor(request);
    if (!own) return done(null, payload);
    const { raw } = request;
    const refused = (error: unknown) => refuse(request, reply, error, own);
    const proceed = () => passOn(raw, reply.raw, own.limits, () => done(null, payload), refused);
    captureBody(raw, own.limits, (error, isEnding) => {
      if (error !== undefined) return refused(error);
      // Without a type and a length Fastify parses nothing: its parsers would refuse malformed JSON themselves.
      request[HIDDEN] = hideBodyHeaders(raw);
      // Hooks of the app see the same stream, in however many packets the body came.
      if (isEnding) raw.once('end', proceed);
      else proceed();
    });
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    restoreBodyHeaders(request.raw, request[HIDDEN]);
    done();
  });
  fastify.addHook('onRoute', (route) => {
    if (route.config?.[MARK]) answerLateReads(route, captureFor);
  });
}

/** Responds for hooks of the app that fail because the body was read before. Only our routes get these hooks. */
function answerLateReads(route: FastifyRoute, captureFor: (request: FastifyRequest) => Capture | undefined): void {
  const onError: Hook = (request, _reply, error, done) => {
    const own = captureFor(request);
    if (own) {
      refuseLateRead(request.raw, error, (refusal) => {
        own.refusals.warn(refusal, request.raw.url ?? '');
        own.onRefused(refusal);
        request[REFUSAL] = refusal;
      });
    }
    done();
  };
  const onSend: Hook = (request, reply, payload, done) => {
    if (request[REFUSAL] === undefined) return done(null, payload);
    const { problem, headers } = problemOf(request[REFUSAL]);
    reply.code(problem.status).headers(headers);
    done(null, JSON.stringify(problem));
  };
  route.onError = [route.onError ?? []].flat().concat(onError);
  route.onSend = [route.onSend ?? []].flat().concat(onSend);
}

function capturesByPath(adapter: HttpServer, capture: Capture): [string, Capture][] {
  return capture.routes.flatMap((route) =>
    registeredPaths(adapter, capture.container, route).map((path): [string, Capture] => [path, capture]),
  );
}

function refuse({ raw }: FastifyRequest, reply: FastifyReply, error: unknown, capture: Capture): void {
  const { problem, headers } = problemOf(error);
  capture.refusals.warn(error, raw.url ?? '');
  capture.onRefused(error);
  discardRest(raw, capture.limits);
  if (!reply.sent) reply.code(problem.status).headers(headers).send(problem);
}
