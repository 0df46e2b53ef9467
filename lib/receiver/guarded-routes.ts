import { RequestMethod, type Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';

/** A route that carries our guard. */
export interface GuardedRoute {
  /** The module that the controller is in. */
  readonly host: Module;
  readonly controller: Type;
  readonly method: object;
}

/** Where Nest keeps what stands on controllers and their methods. */
const GUARDS_METADATA = '__guards__';
const METHOD_METADATA = 'method';

/** Which registration a guard class, or a controller that the module made, belongs to. */
interface Belonging {
  readonly registration: string;
  /** The path of a controller that the module made. */
  readonly path?: string | undefined;
}

const BELONGING = Symbol('nestjs-gemini-webhooks:belonging');

/** Says of a guard class, or of a controller that the module made, which registration it is of. */
export function belongsTo(registration: string, path?: string): ClassDecorator {
  return (target) => Reflect.defineMetadata(BELONGING, { registration, path } satisfies Belonging, target);
}

/** The path of a controller that the module made; `undefined` for a user's own. */
export function mountedPath(controller: object): string | undefined {
  return belongingOf(controller)?.path;
}

function belongingOf(type: unknown): Belonging | undefined {
  return typeof type === 'function' ? (Reflect.getMetadata(BELONGING, type) as Belonging | undefined) : undefined;
}

/** The POST routes of every module whose guard, on the method or the class, is a registration's. */
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
    const own = belongingOf(typeof guard === 'object' && guard !== null ? guard.constructor : guard);
    // A controller that the module made says itself whose it is: its guard is resolved in its own module.
    return own !== undefined && (belongingOf(controller) ?? own).registration === registration;
  });
}
