import { RequestMethod, VersioningType, type HttpServer, type Type, type VersioningOptions } from '@nestjs/common';
import type { NestContainer } from '@nestjs/core';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import type { GuardedRoute } from './guarded-routes.js';

const PATH_METADATA = 'path';
const VERSION_METADATA = '__version__';
const MODULE_PATH = '__module_path__';

type Version = NonNullable<VersioningOptions['defaultVersion']>;

/** Returns the full paths of a POST route as Nest registers them: global prefix and exclusions, URI versions, `RouterModule`. */
export function routePaths(container: NestContainer, { host, controller, method }: GuardedRoute): string[] {
  const application = container.applicationConfig;
  if (!application) return [];
  const versioning: VersioningOptions | undefined = application.getVersioning();
  const factory = new RoutePathFactory(application);
  const prefix = application.getGlobalPrefix();
  return texts(controller, PATH_METADATA).flatMap((ctrlPath) =>
    texts(method, PATH_METADATA).flatMap((methodPath) =>
      factory.create(
        {
          ctrlPath: withSlash(ctrlPath),
          methodPath: withSlash(methodPath),
          globalPrefix: prefix && withSlash(prefix),
          modulePath: modulePath(container, host.metatype) ?? '',
          ...(versioning && {
            versioningOptions: versioning,
            controllerVersion: versionOf(controller) ?? versioning.defaultVersion,
            methodVersion: versionOf(method),
          }),
        } as Parameters<RoutePathFactory['create']>[0],
        RequestMethod.POST,
      ),
    ),
  );
}

/** Returns the paths in the syntax of the adapter's router. */
export function registeredPaths(adapter: HttpServer, container: NestContainer, route: GuardedRoute): string[] {
  return routePaths(container, route).map((path) => adapter.normalizePath?.(path) ?? path);
}

/** Returns the version of a route whose path does not contain it; `undefined` if the path identifies the version. */
export function routeVersion(
  container: NestContainer,
  { controller, method }: GuardedRoute,
): { readonly version: Version; readonly versioning: VersioningOptions } | undefined {
  const versioning: VersioningOptions | undefined = container.applicationConfig?.getVersioning();
  const version = versionOf(method) ?? versionOf(controller) ?? versioning?.defaultVersion;
  return versioning && version !== undefined && versioning.type !== VersioningType.URI
    ? { version, versioning }
    : undefined;
}

function modulePath(container: NestContainer, metatype: object): string | undefined {
  return (Reflect.getMetadata(MODULE_PATH + container.getModules().applicationId, metatype) ??
    Reflect.getMetadata(MODULE_PATH, metatype)) as string | undefined;
}

function versionOf(target: object): Version | undefined {
  return Reflect.getMetadata(VERSION_METADATA, target) as Version | undefined;
}

function texts(target: Type | object, key: string): string[] {
  const value = (Reflect.getMetadata(key, target) ?? '') as string | string[];
  return Array.isArray(value) ? value : [value];
}

function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
