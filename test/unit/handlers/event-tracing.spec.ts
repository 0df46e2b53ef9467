import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EventDispatcher } from '../../../lib/handlers/event-dispatcher.js';
import type { EventHandler } from '../../../lib/handlers/event-handler.js';
import { HandlerRegistry } from '../../../lib/handlers/handler-registry.js';
import { DedupeEntry } from '../../../lib/inbox/dedupe-cache.js';
import { attemptStartAttributes } from '../../../lib/telemetry/attributes.js';
import type { SpanOptions, Telemetry, TelemetrySpan } from '../../../lib/telemetry/telemetry.js';
import { deliveryOf } from '../../support/deliveries.js';
import { publish } from '../../support/dispatchers.js';

const delivery = deliveryOf();
let steps: unknown[];

/** Telemetry that records its spans, of an app whose tracer starts them or not. */
function telemetryOf({ isTracing = true, starts = true, isRecording = true } = {}) {
  const span: TelemetrySpan = {
    isRecording,
    run: (work) => {
      steps.push('run');
      return work();
    },
    end: (how) => void steps.push(how ? ['end', how] : 'end'),
  };
  const start = (name: string, options: SpanOptions) => {
    steps.push([name, options]);
    return starts ? span : undefined;
  };
  return { isTracing, start } as unknown as Telemetry;
}

async function dispatch(telemetry: Telemetry, ...handlers: EventHandler[]): Promise<void> {
  const registry = new HandlerRegistry();
  registry.add(handlers);
  const dispatcher = new EventDispatcher(registry, telemetry);
  expect(dispatcher.handlers).toEqual(handlers);
  await dispatcher.dispatch(delivery, { attempt: 2, checkpoints: new DedupeEntry() });
}

beforeEach(() => {
  steps = [];
  for (const level of ['error', 'warn'] as const) jest.spyOn(Logger.prototype, level).mockReturnValue();
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('the span of an attempt', () => {
  const handled = publish(async () => void steps.push('handled'));
  const started = ['handle publish', { attributes: attemptStartAttributes(delivery, 'publish', 2) }];

  it.each([
    {
      what: 'starts before the handler and ends after it',
      telemetry: {},
      expected: [started, 'run', 'handled', 'end'],
    },
    {
      what: 'is only a position in the trace if the sampler has dropped it',
      telemetry: { isRecording: false },
      expected: [started, 'run', 'handled'],
    },
    { what: 'is not needed if none starts', telemetry: { starts: false }, expected: [started, 'handled'] },
    { what: 'is not started without tracing', telemetry: { isTracing: false }, expected: ['handled'] },
  ])('$what', async ({ telemetry, expected }) => {
    await dispatch(telemetryOf(telemetry), handled);

    expect(steps).toEqual(expected);
  });

  it('has the error of the handler', async () => {
    const error = new Error('down');

    await dispatch(
      telemetryOf(),
      publish(() => Promise.reject(error)),
    );

    expect(steps).toEqual([started, 'run', ['end', { error }]]);
  });

  it('is none for handlers of the module itself', async () => {
    await dispatch(telemetryOf(), { ...handled, isInternal: true });

    expect(steps).toEqual(['handled']);
  });
});
