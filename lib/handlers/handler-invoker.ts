import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import type { GeminiEvent } from '../events/gemini-event.js';
import type { EventHandler } from './event-handler.js';
import { externalContext } from './external-context.js';

/**
 * Makes a provider's or controller's method callable with an event. What is request-scoped or transient gets a fresh
 * instance for each event, with the event as its `REQUEST`.
 */
export function handlerInvoker(
  moduleRef: ModuleRef,
  wrapper: InstanceWrapper<object>,
  methodName: string,
): EventHandler['invoke'] {
  const host = wrapper.host as Module;
  const type = (wrapper.isNotMetatype ? wrapper.instance.constructor : wrapper.metatype) as {
    prototype: Record<string, object>;
  };
  const context = externalContext(moduleRef['container'], host, type, methodName, type.prototype[methodName] as object);

  if (isStatic(wrapper)) {
    const call = context(wrapper.instance);
    return (event, handlerContext) => call(event, handlerContext);
  }
  return async (event, handlerContext) => {
    const { instance, ...scope } = await freshInstance(moduleRef, wrapper, host, event);
    return context(instance, scope)(event, handlerContext);
  };
}

/** Whether one instance serves every event. Nest calls the dependency tree of a transient provider static as well. */
export function isStatic(wrapper: InstanceWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

async function freshInstance(moduleRef: ModuleRef, wrapper: InstanceWrapper<object>, host: Module, event: GeminiEvent) {
  const contextId = ContextIdFactory.create();
  moduleRef.registerRequestByContextId(event, contextId);
  // By way of the handler's own module: `ModuleRef.resolve` knows no controllers on Nest 11, and takes any module's
  // provider of the same token.
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
