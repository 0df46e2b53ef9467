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
import { InterceptorsConsumer, InterceptorsContextCreator } from '@nestjs/core/interceptors/index.js';
import { PipesConsumer, PipesContextCreator } from '@nestjs/core/pipes/index.js';
import { isObservable, lastValueFrom } from 'rxjs';
import { GeminiWebhooksError, UnrecoverableEventError } from '../errors.js';
import {
  definedArguments,
  enhancersOf,
  ENHANCER_METADATA,
  EventArguments,
  HANDLER_ARGUMENTS,
} from './handler-metadata.js';

/** The context type that guards, interceptors and filters of a handler see: `context.getType()`. */
export const GEMINI_WEBHOOK_CONTEXT = 'gemini_webhook';

/** Calls a method of an instance with the guards, interceptors, pipes and filters that stand on it and on its class. */
export type ExternalContext = (
  instance: object,
  scope?: { readonly contextId: ContextId; readonly inquirerId: string },
) => (...args: unknown[]) => Promise<unknown>;

/**
 * Nest's external context for one handler, without the application's global enhancers: those expect a response, and a
 * filter that returns would make a failed handler look fine (nestjs/nest: `ExternalContextCreator`). One creator a
 * handler, since Nest 11 keeps their metadata by class name.
 *
 * @throws GeminiWebhooksError `invalid_handler` when an enhancer's class cannot be found: Nest would pass over it in silence
 */
export function externalContext(
  container: NestContainer,
  host: Module,
  type: object,
  methodName: string,
  method: object,
): ExternalContext {
  const enhancers = Object.values(ENHANCER_METADATA).flatMap((key) => enhancersOf(key, type, method));
  checkEnhancers(host, type, methodName, enhancers);
  const params = definedArguments(type, methodName, method) ? new EventArguments() : undefined;
  // Nest's context would come to the same, for more than the rest of the dispatch costs.
  if (enhancers.length === 0 && !params) return (instance) => bareCall(instance, methodName);
  const denials = new WeakSet<object>();
  const creator = new ExternalContextCreator(
    new GuardsContextCreator(container),
    new HandlerGuards(denials),
    new InterceptorsContextCreator(container),
    new InterceptorsConsumer(),
    container.getModules(),
    new PipesContextCreator(container),
    new EventPipes(),
    new HandlerFilters(container) as never,
  );
  Object.assign(creator, {
    // Nest looks the module up among providers only, and so would find no enhancer of a controller's class.
    getContextModuleKey: () => host.token,
    getHostModuleKey: () => host.token,
    // Nest asks a stream for a last value; a handler's need not have any.
    transformToResult: lastValue,
  });

  return (instance, scope) => {
    const call = creator.create(
      instance as Record<string, unknown>,
      methodOf(instance, methodName),
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

function bareCall(instance: object, methodName: string): (...args: unknown[]) => Promise<unknown> {
  const method = methodOf(instance, methodName);
  return async (...args) => lastValue(await method.apply(instance, args));
}

function methodOf(instance: object, name: string): (...args: unknown[]) => unknown {
  return (instance as Record<string, (...args: unknown[]) => unknown>)[name] as (...args: unknown[]) => unknown;
}

function lastValue(result: unknown): unknown {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
}

function rethrow(error: unknown, denials: WeakSet<object>): never {
  if (typeof error === 'object' && error !== null && denials.has(error)) {
    throw new UnrecoverableEventError(`a guard denied it: ${(error as Error).message}`, { cause: error });
  }
  throw error;
}

function checkEnhancers(host: Module, type: object, methodName: string, enhancers: readonly unknown[]): void {
  for (const enhancer of enhancers) {
    if (typeof enhancer !== 'function' || host.injectables.has(enhancer)) continue;
    throw new GeminiWebhooksError(
      'invalid_handler',
      `${(type as { name?: string }).name}.${methodName} handles Gemini events behind ${enhancer.name}, which Nest did not instantiate. ` +
        `It does so for classes that are provided as themselves: list ${(type as { name?: string }).name} itself among the providers, or put an instance on the handler.`,
    );
  }
}

/** Remembers which errors are a guard's "no", as opposed to a guard that broke. */
class HandlerGuards extends GuardsConsumer {
  readonly #denials: WeakSet<object>;

  constructor(denials: WeakSet<object>) {
    super();
    this.#denials = denials;
  }

  override async tryActivate<TContext extends string = ContextType>(
    guards: CanActivate[],
    args: unknown[],
    instance: Parameters<GuardsConsumer['tryActivate']>[2],
    callback: (...args: unknown[]) => unknown,
    type?: TContext,
  ): Promise<boolean> {
    try {
      if (await super.tryActivate(guards, args, instance, callback, type)) return true;
    } catch (error) {
      if (error instanceof HttpException && [401, 403].includes(error.getStatus())) this.#denials.add(error);
      throw error;
    }
    const denial = new ForbiddenException('Forbidden resource');
    this.#denials.add(denial);
    throw denial;
  }
}

/** Pipes are for the event; the context is no input. */
class EventPipes extends PipesConsumer {
  override apply<TInput = unknown>(
    value: TInput,
    metadata: ArgumentMetadata,
    pipes: PipeTransform[],
  ): Promise<unknown> {
    return EventArguments.isContext(metadata.type) ? Promise.resolve(value) : super.apply(value, metadata, pipes);
  }
}

/** The filters of the method and its class. One that returns has handled the error, whatever it returns. */
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
        return filter.func(error, host);
      },
    };
  }
}

interface FilterMetadata {
  readonly func: (error: unknown, host: ExecutionContextHost) => unknown;
  readonly exceptionMetatypes: readonly (abstract new (...args: never[]) => unknown)[];
}
