import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { GeminiWebhooksRoute } from '../config/gemini-webhooks.route.js';
import { guardedRoutes, mountedPath } from './guarded-routes.js';
import { routePaths } from './route-paths.js';

/** Returns the full path of a module instance's built-in route; `undefined` if this process does not serve it. */
export function mountedRoute(
  { registration, path }: GeminiWebhooksRoute,
  modules: ModulesContainer,
  moduleRef: ModuleRef,
): string | undefined {
  const own = guardedRoutes(modules, registration).find(({ controller }) => mountedPath(controller) === path);
  return own && routePaths(moduleRef['container'], own)[0];
}
