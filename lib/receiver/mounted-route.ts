import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { GeminiWebhooksRoute } from '../gemini-webhooks.route.js';
import { guardedRoutes, mountedPath } from './guarded-routes.js';
import { routePaths } from './route-paths.js';

/** Where the built-in route of a registration is in this process, prefix included; `undefined` where it is not. */
export function mountedRoute(
  { registration, path }: GeminiWebhooksRoute,
  modules: ModulesContainer,
  moduleRef: ModuleRef,
): string | undefined {
  const own = guardedRoutes(modules, registration).find(({ controller }) => mountedPath(controller) === path);
  return own && routePaths(moduleRef['container'], own)[0];
}
