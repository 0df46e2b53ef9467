import type { HttpServer } from '@nestjs/common';
import type { NestContainer } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pathToRegexp } from 'path-to-regexp';
import { problemOf } from '../problem.js';
import type { GuardedRoute } from './guarded-routes.js';
import { captureBody, discardRest, type BodyLimits } from './raw-body.js';
import { registeredPaths, routeVersion } from './route-paths.js';

/** Routes of one registration. */
interface Capture {
  readonly routes: readonly GuardedRoute[];
  readonly limits: BodyLimits;
  readonly container: NestContainer;
}

interface CompiledRoute {
  readonly path: RegExp;
  readonly takesVersion: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly limits: BodyLimits;
}

/** What is captured on each adapter: several registrations share one middleware, so that no stream is read twice. */
const captures = new WeakMap<object, { readonly all: Capture[]; compiled?: readonly CompiledRoute[] | undefined }>();

/** Reads what comes to our routes ahead of every body parser, which pass over a body that has been read. */
export function captureOnExpress(adapter: HttpServer, capture: Capture): void {
  const known = captures.get(adapter);
  if (known) {
    known.all.push(capture);
    known.compiled = undefined;
    return;
  }
  const state: { all: Capture[]; compiled?: readonly CompiledRoute[] | undefined } = { all: [capture] };
  captures.set(adapter, state);
  adapter.use?.((request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => {
    if (request.method !== 'POST') return next();
    // The app sets its prefix and versions after the adapter was made, so paths are made at the first request.
    state.compiled ??= state.all.flatMap((one) => compile(adapter, one));
    const path = (request.url ?? '').split('?', 1)[0] as string;
    const route = state.compiled.find((one) => one.path.test(path) && one.takesVersion(request, response));
    if (!route) return next();
    captureBody(request, route.limits, (error, isEnding) => {
      if (error !== undefined) refuse(request, response, error, route.limits);
      // Parsers pass over a body only once it has ended.
      else if (isEnding) request.once('end', next);
      else next();
    });
  });
}

function compile(adapter: HttpServer, { routes, limits, container }: Capture): CompiledRoute[] {
  return routes.flatMap((route) => {
    const takesVersion = versionFilter(adapter, container, route);
    return registeredPaths(adapter, container, route).map((path) => ({
      path: pathToRegexp(path, { sensitive: false, trailing: true }).regexp,
      takesVersion,
      limits,
    }));
  });
}

/** Asks Nest's own filter: another version at the same path may be a route that is not ours. */
function versionFilter(
  adapter: HttpServer,
  container: NestContainer,
  route: GuardedRoute,
): CompiledRoute['takesVersion'] {
  const versioned = routeVersion(container, route);
  if (!versioned) return () => true;
  return (request, response) => {
    let taken = false;
    const take = () => (taken = true);
    adapter.applyVersionFilter(take, versioned.version, versioned.versioning)(request, response, () => () => undefined);
    return taken;
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, limits: BodyLimits): void {
  const { problem, headers } = problemOf(error);
  discardRest(request, limits);
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(JSON.stringify(problem));
  response.writeHead(problem.status, { ...headers, 'content-length': body.length }).end(body);
}
