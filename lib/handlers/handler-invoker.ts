import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { EventHandler } from './event-handler.js';
import { externalContext } from './external-context.js';

/** A decorated method of a class. */
export interface HandlerMethod {
  readonly prototype: object;
  readonly methodName: string;
  /** The current method, and the method that its decorators saw. Guards and pipes may be stored on either. */
  readonly versions: readonly object[];
}

/**
 * Makes a method of a provider or controller callable with an event. A request-scoped or transient class gets a fresh
 * instance for each event, with the event as its `REQUEST`.
 */
export function handlerInvoker(
  moduleRef: ModuleRef,
  wrapper: InstanceWrapper<object>,
  { prototype, methodName, versions }: HandlerMethod,
): EventHandler['invoke'] {
  const host = wrapper.host as Module;
  // Not the instance's `constructor`, which a proxy may bind.
  const type = wrapper.isNotMetatype ? prototype.constructor : (wrapper.metatype as object);
  const context = externalContext(moduleRef['container'], host, type, methodName, versions);

  if (isStatic(wrapper)) {
    const call = context(wrapper.instance);
    return (event, handlerContext) => call(event, handlerContext);
  }
  return async (event, handlerContext) => {
    const { instance, ...scope } = await freshInstance(moduleRef, wrapper, host, event);
    return context(instance, scope)(event, handlerContext);
  };
}

/** True if one instance serves every event. Nest also calls the dependency tree of a transient provider static. */
export function isStatic(wrapper: InstanceWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

async function freshInstance(moduleRef: ModuleRef, wrapper: InstanceWrapper<object>, host: Module, event: GeminiEvent) {
  // The app's strategy maps an event to the tenant of a durable provider. Other providers are created for each event.
  const isDurable = wrapper.isDependencyTreeDurable();
  const contextId = isDurable ? ContextIdFactory.getByRequest(event) : ContextIdFactory.create();
  const { payload } = contextId as { readonly payload?: unknown };
  moduleRef.registerRequestByContextId(isDurable && payload !== undefined ? payload : event, contextId);
  // Through the handler's own module: `ModuleRef.resolve` does not find controllers on Nest 11, and may return another
  // module's provider with the same token.
  const collection = host.controllers.get(wrapper.token) === wrapper ? host.controllers : host.providers;
  const placeholder = wrapper.instance ?? ({ constructor: wrapper.metatype } as object);
  const instance = (await moduleRef['injector'].loadPerContext(
    placeholder,
    host,
    collection,
    contextId,
    wrapper,
  )) as object;
  return { instance, contextId, inquirerId: wrapper.id };
}
