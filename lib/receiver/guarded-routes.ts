import { RequestMethod, type Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';

/** Route with our guard. */
export interface GuardedRoute {
  /** Module of the controller. */
  readonly host: Module;
  readonly controller: Type;
  readonly method: object;
}

/** Keys of Nest's metadata on controllers and their methods. */
const GUARDS_METADATA = '__guards__';
const METHOD_METADATA = 'method';

/** Module instance that owns a guard class, or a controller that it created. */
interface Owner {
  readonly registration: string;
  /** Path of a controller that the module created. */
  readonly path?: string | undefined;
}

const OWNER = Symbol('nestjs-gemini-webhooks:belonging');

/** Marks a guard class, or a controller that the module created, as part of a module instance. */
export function belongsTo(registration: string, path?: string): ClassDecorator {
  return (target) => Reflect.defineMetadata(OWNER, { registration, path } satisfies Owner, target);
}

/** Returns the path of a controller that the module created; `undefined` for a custom one. */
export function mountedPath(controller: object): string | undefined {
  return ownerOf(controller)?.path;
}

function ownerOf(type: unknown): Owner | undefined {
  return typeof type === 'function' ? (Reflect.getMetadata(OWNER, type) as Owner | undefined) : undefined;
}

/** Returns the POST routes with a guard of a module instance on the method or the class. */
export function guardedRoutes(modules: ModulesContainer, registration: string): GuardedRoute[] {
  const scanner = new MetadataScanner();
  return [...modules.values()].flatMap((host) =>
    [...host.controllers.values()].flatMap(({ metatype }) => {
      const controller = metatype as Type;
      return scanner
        .getAllMethodNames(controller.prototype as object)
        .map((name) => (controller.prototype as Record<string, object>)[name] as object)
        .filter((method) => takesPost(method) && isGuarded(controller, method, registration))
        .map((method) => ({ host, controller, method }));
    }),
  );
}

function takesPost(method: object): boolean {
  const requestMethod = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined;
  return requestMethod === RequestMethod.POST || requestMethod === RequestMethod.ALL;
}

function isGuarded(controller: Type, method: object, registration: string): boolean {
  const guards = [controller, method].flatMap(
    (target) => (Reflect.getMetadata(GUARDS_METADATA, target) as unknown[]) ?? [],
  );
  return guards.some((guard) => {
    const own = ownerOf(typeof guard === 'object' && guard !== null ? guard.constructor : guard);
    // For a controller that the module created, its own mark decides: Nest resolves its guard in its module.
    return own !== undefined && (ownerOf(controller) ?? own).registration === registration;
  });
}
