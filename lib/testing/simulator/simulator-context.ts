import type { EventEmitter } from './event-emitter.js';
import type { Faults } from './faults.js';
import { ApiError, type SimulatorClock, type SimulatorContext } from './simulated-api.js';
import type { SimulatorConfig } from './simulator.options.js';

/** What a context is made of. */
export interface ContextParts {
  readonly config: SimulatorConfig;
  readonly clock: SimulatorClock;
  readonly faults: Faults;
  readonly baseUrl: string;
  readonly emitter: EventEmitter;
}

/** What the simulated resources see of the simulator. */
export function simulatorContext({ config, clock, faults, baseUrl, emitter }: ContextParts): SimulatorContext {
  return {
    clock,
    baseUrl,
    endOf: (kind) => faults.take('end', (fault) => fault.kind === undefined || fault.kind === kind)?.end ?? 'succeeded',
    durationOf: (kind) => config.durations[kind],
    checkUserMetadata: (webhook) => {
      if (webhook?.userMetadata === undefined || faults.take('refuse_user_metadata') === undefined) return;
      // As googleapis/go-genai#779 reports it.
      throw new ApiError(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received. Unknown name "userMetadata".');
    },
    emit: (event, job, webhook) => emitter.emit(event, job, webhook),
  };
}
