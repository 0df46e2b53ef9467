import type { HttpServer } from '@nestjs/common';
import type { NestContainer } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pathToRegexp } from 'path-to-regexp';
import { problemOf } from '../problem.js';
import { requestPath } from '../signature/delivery-request.js';
import { passOn, refuseLateRead } from './body-readers.js';
import type { GuardedRoute } from './guarded-routes.js';
import { hideBodyHeaders, restoreBodyHeaders, type HiddenHeaders } from './hidden-headers.js';
import { setRequestState, requestStateOf } from './request-state.js';
import { captureBody, discardRest, drain, type Capture } from './raw-body.js';
import { registeredPaths, routeVersion } from './route-paths.js';

interface CompiledRoute {
  readonly path: RegExp;
  readonly matchesVersion: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly capture: Capture;
}

/** Method of Express that Nest's adapter has no type for. */
interface ExpressInstance {
  use(onError: (error: unknown, ...others: [IncomingMessage, ServerResponse, (error: unknown) => void]) => void): void;
}

/** Captures of one adapter. */
interface Captures {
  readonly all: Capture[];
  compiled?: readonly CompiledRoute[] | undefined;
  answersLateReads: boolean;
}

/** Module instances share one middleware, so that no stream is read twice. */
const captures = new WeakMap<object, Captures>();

/** Reads requests to our routes before every body parser: parsers skip a body that has been read. */
export function captureOnExpress(adapter: HttpServer, capture: Capture): void {
  const known = captures.get(adapter);
  if (known) {
    known.all.push(capture);
    known.compiled = undefined;
    return;
  }
  const own: Captures = { all: [capture], answersLateReads: false };
  captures.set(adapter, own);
  adapter.use?.((request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => {
    const found = captureFor(adapter, own, request, response);
    if (!found) return next();
    const refused = (error: unknown, isLogged: boolean) => refuse(error, isLogged, request, response, found);
    const proceed = () => passOn(request, response, found.limits, next, refused);
    captureBody(request, found.limits, (error, isEnding) => {
      if (error !== undefined) holdRefused(error, request, response, found);
      else if (!isEnding && !request.readableDidRead && !request.readableEnded) hideUnreadBody(request, response);
      // Parsers skip a body only after it has ended.
      if (isEnding) request.once('end', proceed);
      else proceed();
    });
  });
}

/** Responds for middlewares of the app that fail because the body was read before. Call it after they are installed. */
export function answerLateReadsOnExpress(adapter: HttpServer): void {
  const own = captures.get(adapter);
  if (!own || own.answersLateReads) return;
  own.answersLateReads = true;
  const onError = (
    error: unknown,
    request: IncomingMessage,
    response: ServerResponse,
    next: (error: unknown) => void,
  ) => {
    const capture = captureFor(adapter, own, request, response);
    const isRefused =
      capture &&
      refuseLateRead(request, error, (refusal, isLogged) => refuse(refusal, isLogged, request, response, capture));
    if (!isRefused) next(error);
  };
  (adapter.getInstance() as ExpressInstance).use(onError);
}

function captureFor(
  adapter: HttpServer,
  own: Captures,
  request: IncomingMessage,
  response: ServerResponse,
): Capture | undefined {
  if (request.method !== 'POST') return undefined;
  // The app sets its prefix and versions after it creates the adapter, so paths are compiled at the first request.
  own.compiled ??= own.all.flatMap((registered) => compile(adapter, registered));
  const path = requestPath(request.url ?? '/');
  return own.compiled.find((route) => route.path.test(path) && route.matchesVersion(request, response))?.capture;
}

/**
 * Leaves the response to our guard, so that all middlewares of the app see the request, such as access logs. Until then
 * no parser may wait for the body, or refuse it in its own format.
 */
function holdRefused(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  { limits, refusals }: Capture,
): void {
  refusals.warn(error, request.url ?? '');
  setRequestState(request, { bytes: undefined, refusal: error, hidden: hideUntilResponse(request, response) });
  drain(request);
  response.once('finish', () => discardRest(request, limits));
}

/** A host that stored the bytes may have drained the stream, so no parser may wait for it. */
function hideUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  const state = requestStateOf(request);
  if (state) state.hidden = hideUntilResponse(request, response);
}

/** Middlewares that log a response, such as access logs, see the headers as sent. */
function hideUntilResponse(request: IncomingMessage, response: ServerResponse): HiddenHeaders {
  const hidden = hideBodyHeaders(request);
  response.prependOnceListener('finish', () => restoreBodyHeaders(request, hidden));
  return hidden;
}

function compile(adapter: HttpServer, capture: Capture): CompiledRoute[] {
  const { routes, container } = capture;
  return routes.flatMap((route) => {
    const matchesVersion = versionFilter(adapter, container, route);
    return registeredPaths(adapter, container, route).map((path) => ({
      path: pathToRegexp(path, { sensitive: false, trailing: true }).regexp,
      matchesVersion,
      capture,
    }));
  });
}

/** Uses Nest's version filter: another version at the same path may not be our route. */
function versionFilter(
  adapter: HttpServer,
  container: NestContainer,
  route: GuardedRoute,
): CompiledRoute['matchesVersion'] {
  const versioned = routeVersion(container, route);
  if (!versioned) return () => true;
  return (request, response) => {
    let matches = false;
    const onMatch = () => (matches = true);
    adapter.applyVersionFilter(onMatch, versioned.version, versioned.versioning)(
      request,
      response,
      () => () => undefined,
    );
    return matches;
  };
}

function refuse(
  error: unknown,
  isLogged: boolean,
  request: IncomingMessage,
  response: ServerResponse,
  { limits, refusals, onRefused }: Capture,
): void {
  if (!isLogged) refusals.warn(error, request.url ?? '');
  onRefused(error);
  discardRest(request, limits);
  if (response.headersSent || response.destroyed) return;
  const { problem, headers } = problemOf(error);
  const body = Buffer.from(JSON.stringify(problem));
  response.writeHead(problem.status, { ...headers, 'content-length': body.length }).end(body);
}
