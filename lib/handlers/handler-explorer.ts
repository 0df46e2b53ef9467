import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { GeminiWebhooksError } from '../errors.js';
import type { EventHandler } from './event-handler.js';
import { handlerInvoker, isStatic } from './handler-invoker.js';
import { HandlerRegistry } from './handler-registry.js';
import { onGeminiEventMetadata, type OnGeminiEventMetadata } from './on-gemini-event.decorator.js';

/** Finds every method with `@OnGeminiEvent`, in the providers and controllers of every module, when the app starts. */
@Injectable()
export class HandlerExplorer implements OnModuleInit {
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;
  readonly #moduleRef: ModuleRef;
  readonly #registry: HandlerRegistry;

  constructor(discovery: DiscoveryService, scanner: MetadataScanner, moduleRef: ModuleRef, registry: HandlerRegistry) {
    this.#discovery = discovery;
    this.#scanner = scanner;
    this.#moduleRef = moduleRef;
    this.#registry = registry;
  }

  onModuleInit(): void {
    this.#registry.add(
      distinct([...this.#discovery.getProviders(), ...this.#discovery.getControllers()]).flatMap((wrapper) =>
        this.#handlersOf(wrapper),
      ),
    );
  }

  #handlersOf(wrapper: InstanceWrapper): EventHandler[] {
    const prototype = prototypeOf(wrapper);
    if (!prototype) return [];
    return this.#scanner.getAllMethodNames(prototype).flatMap((methodName) => {
      const method = (prototype as Record<string, unknown>)[methodName];
      const metadata = typeof method === 'function' ? onGeminiEventMetadata(method) : [];
      return metadata.length === 0 ? [] : [this.#handler(wrapper, prototype.constructor.name, methodName, metadata)];
    });
  }

  #handler(
    wrapper: InstanceWrapper,
    className: string,
    methodName: string,
    metadata: readonly OnGeminiEventMetadata[],
  ): EventHandler {
    const where = `${className}.${methodName}`;
    return {
      name: oneOf(where, 'name', metadata) ?? where,
      timeoutMs: oneOf(where, 'timeoutMs', metadata),
      patterns: [...new Set(metadata.flatMap(({ patterns }) => patterns))],
      invoke: handlerInvoker(this.#moduleRef, wrapper, methodName),
    };
  }
}

/** Without aliases, and without factories and values that give an instance which another provider holds. */
function distinct(wrappers: readonly InstanceWrapper[]): InstanceWrapper[] {
  const classes = wrappers.filter((wrapper) => !wrapper.isAlias && !wrapper.isNotMetatype);
  const seen = new Set<unknown>(classes.filter(isStatic).map(({ instance }) => instance));
  const others = wrappers.filter((wrapper) => {
    if (wrapper.isAlias || !wrapper.isNotMetatype || !isObject(wrapper.instance) || seen.has(wrapper.instance))
      return false;
    seen.add(wrapper.instance);
    return true;
  });
  return [...new Set([...classes, ...others])];
}

function prototypeOf(wrapper: InstanceWrapper): object | undefined {
  if (wrapper.isNotMetatype) return Object.getPrototypeOf(wrapper.instance) ?? undefined;
  return (wrapper.metatype?.prototype as object | null | undefined) ?? undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** An option that several decorators on one method may give, if they agree. */
function oneOf<Option extends 'name' | 'timeoutMs'>(
  where: string,
  option: Option,
  metadata: readonly OnGeminiEventMetadata[],
): NonNullable<OnGeminiEventMetadata[Option]> | undefined {
  const values = new Set(metadata.map((one) => one[option]).filter((value) => value !== undefined));
  if (values.size <= 1) return [...values][0];
  throw new GeminiWebhooksError(
    'invalid_handler',
    `The @OnGeminiEvent decorators on ${where} give different values of ${option}: ${[...values].join(', ')}. One method has one.`,
  );
}
