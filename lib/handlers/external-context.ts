import {
  ForbiddenException,
  HttpException,
  type ArgumentMetadata,
  type CanActivate,
  type ContextType,
  type PipeTransform,
} from '@nestjs/common';
import { ExternalContextCreator, type ContextId, type NestContainer } from '@nestjs/core';
import { BaseExceptionFilterContext } from '@nestjs/core/exceptions/base-exception-filter-context.js';
import { GuardsConsumer, GuardsContextCreator } from '@nestjs/core/guards/index.js';
import type { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { InterceptorsContextCreator } from '@nestjs/core/interceptors/index.js';
import { PipesConsumer, PipesContextCreator } from '@nestjs/core/pipes/index.js';
import { GeminiWebhooksError, UnrecoverableEventError } from '../errors.js';
import { callCurrentMethod, rejectGenerator, lastValue } from './handler-call.js';
import { HandlerInterceptors } from './handler-interceptors.js';
import {
  definedArguments,
  enhancersOf,
  ENHANCER_METADATA,
  EventArguments,
  HANDLER_ARGUMENTS,
  withMetadataOf,
} from './handler-metadata.js';

/** The context type that guards, interceptors and filters of a handler see: `context.getType()`. */
export const GEMINI_WEBHOOK_CONTEXT = 'gemini_webhook';

type Method = (...args: unknown[]) => unknown;

/** Calls a method of an instance with the guards, interceptors, pipes and filters of the method and its class. */
export type ExternalContext = (
  instance: object,
  scope?: { readonly contextId: ContextId; readonly inquirerId: string },
) => (...args: unknown[]) => Promise<unknown>;

/**
 * Creates Nest's external context for one handler, without the app's global enhancers: those expect a response, and a
 * filter that returns would make a failed handler look successful (nestjs/nest: `ExternalContextCreator`). Each handler has
 * its own creator, because Nest 11 stores the metadata by class name.
 *
 * @throws GeminiWebhooksError `invalid_handler` if an enhancer's class cannot be found, which Nest would silently skip
 */
export function externalContext(
  container: NestContainer,
  host: Module,
  type: object,
  methodName: string,
  versions: readonly object[],
): ExternalContext {
  const enhancers = Object.values(ENHANCER_METADATA).flatMap((key) => enhancersOf(key, type, versions));
  checkEnhancers(host, type, methodName, enhancers);
  const params = definedArguments(type, methodName, versions) ? new EventArguments() : undefined;
  const method = { className: (type as { name?: string }).name, methodName };
  // Nest's context would do the same, and costs more than the rest of the dispatch.
  if (enhancers.length === 0 && !params) {
    return (instance) =>
      async (...args) =>
        lastValue(rejectGenerator(await callCurrentMethod(instance, methodName, args), method));
  }
  const callback = withMetadataOf(versions, async function (this: object, ...args: unknown[]): Promise<unknown> {
    return rejectGenerator(await callCurrentMethod(this, methodName, args), method);
  });
  // Guards and interceptors that call `getHandler()` get the method itself if there is only one version of it.
  const visible = (new Set(versions).size === 1 ? versions[0] : callback) as Method;
  const denials = new WeakSet<object>();
  const creator = new ExternalContextCreator(
    new GuardsContextCreator(container),
    new HandlerGuards(denials, visible),
    new InterceptorsContextCreator(container),
    new HandlerInterceptors(`${method.className}.${methodName}`, visible),
    container.getModules(),
    new PipesContextCreator(container),
    new EventPipes(),
    new HandlerFilters(container) as never,
  );
  Object.assign(creator, {
    // Nest searches providers only, so it would find no enhancers of a controller's class.
    getContextModuleKey: () => host.token,
    getHostModuleKey: () => host.token,
    // Nest fails on a stream without a value. A handler's stream may be empty.
    transformToResult: lastValue,
  });

  return (instance, scope) => {
    const call = creator.create(
      instance as Record<string, unknown>,
      callback,
      methodName,
      HANDLER_ARGUMENTS,
      params,
      scope?.contextId,
      scope?.inquirerId,
      { guards: true, interceptors: true, filters: true },
      GEMINI_WEBHOOK_CONTEXT,
    ) as (...args: unknown[]) => Promise<unknown>;
    return (...args) => call(...args).catch((error: unknown) => rethrow(error, denials));
  };
}

function rethrow(error: unknown, denials: WeakSet<object>): never {
  if (typeof error === 'object' && error !== null && denials.has(error)) {
    throw new UnrecoverableEventError(`a guard denied access: ${(error as Error).message}`, { cause: error });
  }
  throw error;
}

function checkEnhancers(host: Module, type: object, methodName: string, enhancers: readonly unknown[]): void {
  for (const enhancer of enhancers) {
    if (typeof enhancer !== 'function' || host.injectables.has(enhancer)) continue;
    throw new GeminiWebhooksError(
      'invalid_handler',
      `${(type as { name?: string }).name}.${methodName} handles Gemini events behind ${enhancer.name}, which Nest did not instantiate. ` +
        `Nest does so only for classes that are listed as providers: list ${(type as { name?: string }).name} itself in providers, or pass an instance to the decorator.`,
    );
  }
}

/** Records which errors mean that a guard denied access, as opposed to a guard that failed. */
class HandlerGuards extends GuardsConsumer {
  readonly #denials: WeakSet<object>;
  readonly #visible: Method;

  constructor(denials: WeakSet<object>, visible: Method) {
    super();
    this.#denials = denials;
    this.#visible = visible;
  }

  override async tryActivate<TContext extends string = ContextType>(
    guards: CanActivate[],
    args: unknown[],
    instance: Parameters<GuardsConsumer['tryActivate']>[2],
    _callback: Method,
    type?: TContext,
  ): Promise<boolean> {
    try {
      if (await super.tryActivate(guards, args, instance, this.#visible, type)) return true;
    } catch (error) {
      if (error instanceof HttpException && [401, 403].includes(error.getStatus())) this.#denials.add(error);
      throw error instanceof TypeError && /\b(undefined|null)\b/.test(error.message) ? expectingRequest(error) : error;
    }
    const denial = new ForbiddenException('Forbidden resource');
    this.#denials.add(denial);
    throw denial;
  }
}

/** A guard that reads a field that events lack, such as headers, nearly always expects an HTTP request. */
function expectingRequest(error: TypeError): TypeError {
  return new TypeError(
    `a guard failed: ${error.message}. A guard written for HTTP has no request here: context.getType() is "${GEMINI_WEBHOOK_CONTEXT}"`,
    { cause: error },
  );
}

/** Applies pipes to the event only, because the context is not input. */
class EventPipes extends PipesConsumer {
  override apply<TInput = unknown>(
    value: TInput,
    metadata: ArgumentMetadata,
    pipes: PipeTransform[],
  ): Promise<unknown> {
    return EventArguments.isContext(metadata.type) ? Promise.resolve(value) : super.apply(value, metadata, pipes);
  }
}

/** Runs the filters of the method and its class. A filter has handled the error if it returns anything but a failing stream. */
class HandlerFilters extends BaseExceptionFilterContext {
  create(
    instance: object,
    callback: (...args: unknown[]) => unknown,
    module: string,
    contextId?: ContextId,
    inquirerId?: string,
  ): { next(error: unknown, host: ExecutionContextHost): Promise<unknown> } {
    this.moduleContext = module;
    const filters = this.createContext<never[], FilterMetadata[]>(
      instance as never,
      callback as never,
      ENHANCER_METADATA.filters,
      contextId,
      inquirerId,
    ).toReversed();
    return {
      next: async (error, host) => {
        const filter = filters.find(
          ({ exceptionMetatypes: types }) => types.length === 0 || types.some((one) => error instanceof one),
        );
        if (!filter) throw error;
        // Microservice filters rethrow through a stream that fails.
        return lastValue(await filter.func(error, host));
      },
    };
  }
}

interface FilterMetadata {
  readonly func: (error: unknown, host: ExecutionContextHost) => unknown;
  readonly exceptionMetatypes: readonly (abstract new (...args: never[]) => unknown)[];
}
