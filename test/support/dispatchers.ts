import type { HandlerSettlement } from '../../lib/handlers/dispatch.js';
import { EventDispatcher } from '../../lib/handlers/event-dispatcher.js';
import type { EventHandler } from '../../lib/handlers/event-handler.js';
import { HandlerRegistry } from '../../lib/handlers/handler-registry.js';

/** A dispatcher of an app that has these handlers. */
export function dispatcherOf(...handlers: readonly EventHandler[]): EventDispatcher {
  const registry = new HandlerRegistry();
  registry.add(handlers);
  return new EventDispatcher(registry);
}

/** A handler of batch events. */
export function publish(invoke: EventHandler['invoke'], more: Partial<EventHandler> = {}): EventHandler {
  return { name: 'publish', patterns: ['batch.*'], timeoutMs: undefined, invoke, ...more };
}

/** Checkpoints that record how handlers settled. */
export function recordedCheckpoints(settle: () => Promise<void> = async () => undefined) {
  const settled: [string, HandlerSettlement][] = [];
  return {
    settled,
    has: () => false,
    settle: (handler: string, how: HandlerSettlement) => {
      settled.push([handler, how]);
      return settle();
    },
  };
}
