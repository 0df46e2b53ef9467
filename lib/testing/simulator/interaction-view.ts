import {
  stepsView,
  type InteractionResult,
  type PlannedInteraction,
  type VideoOptions,
} from './interaction-results.js';
import { usageOf } from './interaction-steps.js';
import type { JsonObject } from './request-fields.js';
import type { SimulatedJob } from './simulated-job.js';

/** Interaction of the simulated API. */
export type Interaction = SimulatedJob<PlannedInteraction, InteractionResult>;

/** Error of a failed interaction, in `errors` and in its event. */
export const FAILURE = { code: 'internal', message: 'Simulated failure of the interaction.' } as const;

/** Fields of the request that the interaction repeats. */
const ECHOED_FIELDS = [
  'model',
  'agent',
  'agent_config',
  'tools',
  'system_instruction',
  'generation_config',
  'response_format',
  'labels',
  'previous_interaction_id',
  'webhook_config',
] as const;

/** Returns an interaction as GET does. */
export function interactionView(interaction: Interaction, now: number, options: VideoOptions): JsonObject {
  const { name, request, startedAt, runsAt, ended } = interaction;
  return {
    ...Object.fromEntries(ECHOED_FIELDS.map((field) => [field, request.body[field]])),
    id: name,
    object: 'interaction',
    status: statusOf(interaction, now),
    created: timestamp(startedAt),
    updated: timestamp(ended?.at ?? Math.min(now, runsAt)),
    steps: ended ? stepsView(ended.result, options) : [],
    usage: ended && usageOf(request, ended.result.steps),
    errors: ended?.end === 'failed' ? [FAILURE] : undefined,
  };
}

function statusOf({ ended, runsAt, statusOverride }: Interaction, now: number): string {
  if (ended === undefined) return statusOverride ?? (now < runsAt ? 'queued' : 'in_progress');
  return ended.end === 'succeeded' || ended.end === 'filtered' ? 'completed' : ended.end;
}

function timestamp(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
