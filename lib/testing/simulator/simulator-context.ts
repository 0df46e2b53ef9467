import type { EventEmitter } from './event-emitter.js';
import { hides, type Faults } from './faults.js';
import { ModelCatalogue } from './model-catalogue.js';
import { ApiError, type SimulatorClock, type SimulatorContext } from './simulated-api.js';
import type { SimulatorConfig } from './simulator.options.js';

/** Parts of a context. */
export interface ContextParts {
  readonly config: SimulatorConfig;
  readonly clock: SimulatorClock;
  readonly faults: Faults;
  readonly baseUrl: string;
  readonly emitter: EventEmitter;
}

/** Part of the simulator that its resources can access. */
export function simulatorContext({ config, clock, faults, baseUrl, emitter }: ContextParts): SimulatorContext {
  return {
    clock,
    baseUrl,
    models: new ModelCatalogue(config),
    isHidden: (operation, name) => faults.take('not_found', (fault) => hides(fault, operation, name)) !== undefined,
    endOf: (kind) => faults.take('end', (fault) => fault.kind === undefined || fault.kind === kind)?.end ?? 'succeeded',
    durationOf: (kind) => config.durations[kind],
    checkUserMetadata: (webhook) => {
      if (webhook?.userMetadata === undefined || faults.take('refuse_user_metadata') === undefined) return;
      // The message reported in googleapis/go-genai#779.
      throw new ApiError(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received. Unknown name "userMetadata".');
    },
    emit: (events, job, webhook) => emitter.emit(events, job, webhook),
  };
}
