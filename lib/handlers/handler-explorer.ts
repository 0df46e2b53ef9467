import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { GeminiWebhooksError } from '../errors.js';
import { declaredHandlers, prototypeChain, type OnGeminiEventMetadata } from './declared-handlers.js';
import type { EventHandler } from './event-handler.js';
import { handlerInvoker } from './handler-invoker.js';
import { HandlerRegistry } from './handler-registry.js';
import { handlerWarnings } from './handler-warnings.js';
import { markFound, LostHandlers, type UnsearchedPlaces } from './lost-handlers.js';
import { checkIsCalledOnce, onGeminiEventMetadata } from './on-gemini-event.decorator.js';
import { distinctProviders, heldPrototypes, prototypeOf } from './provided-classes.js';

/** A decorated method of a provider or controller. */
interface FoundMethod {
  readonly name: string;
  readonly className: string;
  readonly metadata: readonly OnGeminiEventMetadata[];
  /** The current method, and the method that the decorators saw. Enhancers may be stored on either. */
  readonly versions: readonly object[];
}

/** Finds every method with `@OnGeminiEvent` in the providers and controllers of all modules when the app starts. */
@Injectable()
export class HandlerExplorer implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;
  readonly #moduleRef: ModuleRef;
  readonly #registry: HandlerRegistry;
  readonly #logger = new Logger('GeminiWebhooks');
  readonly #prototypes = new Set<object>();
  readonly #found: EventHandler[] = [];
  readonly #lost = new LostHandlers(this.#logger, () => this.#unsearched());
  #isStarted = false;

  constructor(discovery: DiscoveryService, scanner: MetadataScanner, moduleRef: ModuleRef, registry: HandlerRegistry) {
    this.#discovery = discovery;
    this.#scanner = scanner;
    this.#moduleRef = moduleRef;
    this.#registry = registry;
  }

  /** Nest may call this twice: in `TestingModule.init()` and `app.init()`, or in a microservice's `init()` and `listen()`. */
  onModuleInit(): void {
    if (this.#prototypes.size > 0) return;
    this.#found.push(...distinctProviders(this.#wrappers()).flatMap((wrapper) => this.#handlersOf(wrapper)));
    this.#registry.add(this.#found);
    // Also of an app that is closed while it starts: another app of the process must not report its classes.
    markFound(this.#prototypes);
  }

  onApplicationBootstrap(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const place = this.#registry.areExpected ? '' : ', which does not run in this process (workers: false)';
    for (const { name, patterns } of this.#found) this.#logger.log(`Mapped {${patterns.join(', ')}} ${name}${place}`);
    if (!this.#registry.areExpected) return;
    for (const warning of handlerWarnings(this.#found, this.#registry)) this.#logger.warn(warning);
    this.#lost.start();
  }

  /** Nest runs `onApplicationBootstrap` after this if the app is closed while it starts. */
  onModuleDestroy(): void {
    this.#isStarted = true;
    this.#lost.stop();
  }

  #wrappers(): InstanceWrapper[] {
    return [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
  }

  /** Returns where this app has decorated methods that it does not run. */
  #unsearched(): UnsearchedPlaces {
    const wrappers = this.#wrappers();
    const now = distinctProviders(wrappers).flatMap((wrapper) => prototypeOf(wrapper) ?? []);
    const late = now.filter((prototype) => !this.#prototypes.has(prototype)).flatMap(prototypeChain);
    return { late: new Set(late), held: heldPrototypes(wrappers) };
  }

  #handlersOf(wrapper: InstanceWrapper): EventHandler[] {
    const prototype = prototypeOf(wrapper);
    if (!prototype) return [];
    this.#prototypes.add(prototype);
    return this.#methodsOf(prototype).map((method) => this.#handler(wrapper, prototype, method));
  }

  #methodsOf(prototype: object): FoundMethod[] {
    const declared = declaredHandlers(prototype);
    const methods = [...declared].map(([name, { isOwn, metadata, methods: seen, className: then }]): FoundMethod => {
      const now = methodOf(prototype, name);
      return {
        name,
        className: isOwn ? then : stableName(prototype) || then,
        metadata,
        versions: now ? [now, ...seen] : seen,
      };
    });
    // A function copied from another class keeps its decorators' metadata.
    const copied = this.#scanner.getAllMethodNames(prototype).flatMap((name): FoundMethod[] => {
      const now = declared.has(name) ? undefined : methodOf(prototype, name);
      const metadata = now ? onGeminiEventMetadata(now) : [];
      return now && metadata.length > 0 ? [{ name, className: stableName(prototype), metadata, versions: [now] }] : [];
    });
    return [...methods, ...copied];
  }

  #handler(
    wrapper: InstanceWrapper,
    prototype: object,
    { name: methodName, className, metadata, versions }: FoundMethod,
  ): EventHandler {
    const where = `${className}.${methodName}`;
    // Checks the method that is called. The decorated methods were checked when the class was defined.
    if (versions[0]) checkIsCalledOnce(where, versions[0]);
    return {
      name: agreedOption(where, 'name', metadata) ?? where,
      timeoutMs: agreedOption(where, 'timeoutMs', metadata),
      // Decorators run from the last one to the first.
      patterns: [...new Set(metadata.toReversed().flatMap(({ patterns }) => patterns))],
      invoke: handlerInvoker(this.#moduleRef, wrapper, { prototype, methodName, versions }),
    };
  }
}

/** Name that Nest's `mixin()` gives a class, random in every process. */
const MIXIN_NAME = /^[0-9a-f]{21}$/;

/** Returns the nearest class name in the prototype chain that is the same in every process; empty if there is none. */
function stableName(prototype: object): string {
  const classes = prototypeChain(prototype).filter((one) => one !== Object.prototype);
  return classes.map((one) => one.constructor.name).find((name) => name !== '' && !MIXIN_NAME.test(name)) ?? '';
}

/** Returns the method with that name, without running a getter. */
function methodOf(prototype: object, name: string): object | undefined {
  for (const one of prototypeChain(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(one, name);
    if (descriptor) return typeof descriptor.value === 'function' ? (descriptor.value as object) : undefined;
  }
  return undefined;
}

/** Returns an option that several decorators on one method may set, if they agree on its value. */
function agreedOption<Option extends 'name' | 'timeoutMs'>(
  where: string,
  option: Option,
  metadata: readonly OnGeminiEventMetadata[],
): NonNullable<OnGeminiEventMetadata[Option]> | undefined {
  const values = new Set(metadata.map((one) => one[option]).filter((value) => value !== undefined));
  if (values.size <= 1) return [...values][0];
  throw new GeminiWebhooksError(
    'invalid_handler',
    `The @OnGeminiEvent decorators on ${where} set different values of ${option}: ${[...values].join(', ')}. Use the same value in each.`,
  );
}
