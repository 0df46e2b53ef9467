import { randomBytes } from 'node:crypto';
import { apiPath } from './api-path.js';
import { interactionRequestOf, type InteractionRequest } from './interaction-request.js';
import { stepsOf, usageOf } from './interaction-steps.js';
import { invalidArgument, webhookIn, type JsonObject } from './request-fields.js';
import {
  ApiError,
  type ApiRequest,
  type JobEnd,
  type SimulatedEvent,
  type SimulatedResource,
  type SimulatorContext,
} from './simulated-api.js';
import { SimulatedJobs, type NewJob, type SimulatedJob } from './simulated-job.js';

const FAILURE = { code: 'internal', message: 'Simulated failure of the interaction.' };

/** The ends that Gemini announces (wire.md), and what it calls them. */
const EVENTS: Readonly<Partial<Record<JobEnd, string>>> = {
  succeeded: 'interaction.completed',
  requires_action: 'interaction.requires_action',
  failed: 'interaction.failed',
  cancelled: 'interaction.cancelled',
};

/** What of the request the interaction shows. */
const ECHOED = [
  'model',
  'agent',
  'agent_config',
  'tools',
  'system_instruction',
  'generation_config',
  'labels',
  'previous_interaction_id',
  'webhook_config',
] as const;

/** What is not the same on all accounts of the API. */
export interface InteractionsOptions {
  /**
   * How an interaction that waits for a function's result is announced: `interaction.completed` has been seen as well.
   * @default 'interaction.requires_action'
   */
  readonly pauseEvent?: 'interaction.requires_action' | 'interaction.completed';
}

/** The steps that an interaction has ended with. */
type Steps = readonly JsonObject[];
type Interaction = SimulatedJob<InteractionRequest, Steps>;

/**
 * `ai.interactions`. One with function tools pauses as `requires_action`, with a call of the first of them; another
 * `create` with `previous_interaction_id` and the `function_result` goes on. An agent writes a report.
 */
export function interactionsResource(context: SimulatorContext, options: InteractionsOptions = {}): SimulatedResource {
  const interactions = new SimulatedJobs<InteractionRequest, Steps>(context, 'interaction', {
    conclude: ({ request }, end) => ({ end, result: stepsOf(request, end) }),
    announce: (interaction, { end }) => {
      const event = eventOf(interaction, end, options);
      if (event === undefined) return;
      context.emit(event, { kind: 'interaction', name: interaction.name }, interaction.webhook);
    },
  });
  return {
    finish: (name, end) => interactions.finish(name, end),
    routes: [
      {
        method: 'POST',
        path: apiPath('interactions'),
        operation: 'interactions.create',
        handle: async (request) => {
          const interaction = interactions.start(await newInteraction(request));
          if (!interaction.request.isBackground) await interactions.whenEnded(interaction);
          return { json: shown(interaction) };
        },
      },
      {
        method: 'GET',
        path: apiPath('interactions/([^/:]+)'),
        operation: 'interactions.get',
        handle: async ({ params: [id = ''], query }) => {
          if (query.get('stream') === 'true') throw invalidArgument('The simulator does not stream interactions.');
          const interaction = await interactions.get(id);
          const { input } = interaction.request.body;
          return { json: { ...shown(interaction), ...(query.get('include_input') === 'true' && { input }) } };
        },
      },
      {
        method: 'POST',
        path: apiPath('interactions/([^/:]+)/cancel'),
        operation: 'interactions.cancel',
        handle: async ({ params: [id = ''] }) => {
          const interaction = await interactions.get(id);
          if (!interaction.request.isBackground || interactions.finish(id, 'cancelled') === false) {
            throw new ApiError(400, 'FAILED_PRECONDITION', 'Only a background interaction that runs can be cancelled.');
          }
          return { json: shown(interaction) };
        },
      },
      {
        method: 'DELETE',
        path: apiPath('interactions/([^/:]+)'),
        operation: 'interactions.delete',
        handle: async ({ params: [id = ''] }) => {
          await interactions.delete(id);
          return { json: {} };
        },
      },
    ],
  };

  async function newInteraction(request: ApiRequest): Promise<NewJob<InteractionRequest>> {
    const asked = interactionRequestOf(await request.json());
    await checkPrevious(asked);
    const pauses = asked.functions.length > 0 && asked.results.length === 0;
    return {
      name: `v1_${randomBytes(18).toString('base64url')}`,
      request: asked,
      webhook: webhookIn(asked.body['webhook_config']),
      plan: (end) => (end === 'succeeded' && pauses ? 'requires_action' : end),
    };
  }

  async function checkPrevious({ previousId, results }: InteractionRequest): Promise<void> {
    if (previousId === undefined) return;
    const { ended } = await interactions.get(previousId);
    if (ended === undefined) throw invalidArgument(`${previousId} has not ended.`);
    const asked = new Set(ended.result.map(({ id }) => id));
    const unknown = results.find(({ callId }) => !asked.has(callId));
    if (unknown !== undefined) throw invalidArgument(`${previousId} has not called ${unknown.callId}.`);
  }

  function shown(interaction: Interaction): JsonObject {
    return shownAt(interaction, context.clock.now());
  }
}

function eventOf(
  { name }: Interaction,
  end: JobEnd,
  { pauseEvent = 'interaction.requires_action' }: InteractionsOptions,
): SimulatedEvent | undefined {
  const type = end === 'requires_action' ? pauseEvent : EVENTS[end];
  if (type === undefined) return undefined;
  const failure = end === 'failed' ? { error_code: FAILURE.code, error_message: FAILURE.message } : {};
  return { type, data: { id: name, ...failure } };
}

function shownAt(interaction: Interaction, now: number): JsonObject {
  const { name, request, startedAt, runsAt, ended } = interaction;
  return {
    ...Object.fromEntries(ECHOED.map((field) => [field, request.body[field]])),
    id: name,
    object: 'interaction',
    status: statusOf(interaction, now),
    created: timestamp(startedAt),
    updated: timestamp(ended?.at ?? Math.min(now, runsAt)),
    steps: ended?.result ?? [],
    usage: ended && usageOf(request, ended.result),
    errors: ended?.end === 'failed' ? [FAILURE] : undefined,
  };
}

function statusOf({ ended, runsAt }: Interaction, now: number): string {
  if (ended === undefined) return now < runsAt ? 'queued' : 'in_progress';
  return ended.end === 'succeeded' ? 'completed' : ended.end;
}

function timestamp(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
