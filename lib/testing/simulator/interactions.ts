import { randomBytes } from 'node:crypto';
import { apiPath } from './api-path.js';
import type { FileStore } from './file-store.js';
import { InteractionError, unknownInteraction, withInteractionErrors } from './interaction-error.js';
import { interactionRequestOf, type InteractionRequest } from './interaction-request.js';
import { resultOf, type InteractionResult, type PlannedInteraction } from './interaction-results.js';
import { interactionResponse } from './inline-video.js';
import { FAILURE, interactionView, type Interaction } from './interaction-view.js';
import { isVideoRequest, filmOf, type Film } from './omni-rules.js';
import { invalidArgument, webhookIn, type JsonObject } from './request-fields.js';
import { FAILING_TEXT } from './simulated-model.js';
import {
  ApiError,
  type ApiResponse,
  type ApiRequest,
  type JobEnd,
  type SimulatedEvent,
  type SimulatedResource,
  type SimulatorContext,
} from './simulated-api.js';
import { SimulatedJobs, type NewJob } from './simulated-job.js';
import type { SimulatorConfig } from './simulator.options.js';
import { videoEvents } from './video-events.js';

/** An interaction whose prompt for a video contains this text completes without a video. */
const REFUSED_TEXT = '[refused]';

/** Event types by end of an interaction without a video. Gemini publishes no event for other ends (wire.md). */
const EVENTS: Readonly<Partial<Record<JobEnd, string>>> = {
  succeeded: 'interaction.completed',
  failed: 'interaction.failed',
  cancelled: 'interaction.cancelled',
};

/** Options for behaviour of the API that is unknown or differs between accounts. */
export type InteractionsConfig = Pick<
  SimulatorConfig,
  'pauseEvent' | 'videoEvent' | 'videoResult' | 'videoBytes' | 'fileProcessingMs'
>;

/**
 * `ai.interactions`. An interaction with function tools calls the first one and pauses as `requires_action`; another
 * `create` with `previous_interaction_id` and the `function_result` continues it. An agent writes a report, or a plan with
 * `collaborative_planning`. An Omni model generates a video, which is a job of kind `video`.
 */
export function interactionsResource(
  context: SimulatorContext,
  files: FileStore,
  config: InteractionsConfig,
): SimulatedResource {
  const interactions = new SimulatedJobs<PlannedInteraction, InteractionResult>(context, {
    conclude: ({ request }, end) => ({ end, result: resultOf(request, end, files, config) }),
    publish: (interaction, { end, result }) => {
      const { kind, name, webhook } = interaction;
      context.emit(eventsOf(interaction, end, result, config), { kind, name }, webhook);
    },
    unknown: (name, isDeleted) =>
      isDeleted ? new InteractionError(404, 'not_found', `${name} is not found.`) : unknownInteraction(),
  });
  const routes: SimulatedResource['routes'] = [
    {
      method: 'POST',
      path: apiPath('interactions'),
      operation: 'interactions.create',
      handle: async (request) => {
        const interaction = interactions.start(await newInteraction(request));
        if (!interaction.request.isBackground) await interactions.untilEnded(interaction);
        if (!interaction.request.isStored) interactions.forget(interaction.name);
        return respond(interaction);
      },
    },
    {
      method: 'GET',
      path: apiPath('interactions/([^/:]+)'),
      operation: 'interactions.get',
      handle: async ({ params: [id = ''], query }) => {
        if (query.get('stream') === 'true') throw invalidArgument('The simulator does not stream interactions.');
        const interaction = await interactions.get(id);
        if (context.isHidden('interactions.get', id)) throw unknownInteraction();
        const { input } = interaction.request.body;
        return respond(interaction, query.get('include_input') === 'true' ? { input } : {});
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
        return respond(interaction);
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
  ];
  return {
    finish: (name, end) => interactions.finish(name, end),
    setStatus: (name, status) => interactions.setStatus(name, status),
    routes: routes.map(withInteractionErrors),
  };

  async function newInteraction(request: ApiRequest): Promise<NewJob<PlannedInteraction>> {
    const requested = interactionRequestOf(await request.json());
    const { agent, model, body } = requested;
    if (model !== undefined) context.models.checkModel(model, 'createInteraction', request.version);
    if (agent !== undefined) context.models.checkAgent(agent, request.version);
    const isVideo = isVideoRequest(body);
    const previous = await previousOf(requested);
    const film = isVideo
      ? filmOf(model ?? '', body, requested.prompt, { previous, inputSeconds: secondsIn(requested) })
      : undefined;
    return {
      kind: film === undefined ? 'interaction' : 'video',
      name: `v1_${randomBytes(18).toString('base64url')}`,
      request: { ...requested, film },
      webhook: webhookIn(body['webhook_config']),
      plan: (end) => (end === 'succeeded' ? plannedEnd(requested, isVideo) : end),
    };
  }

  /** Returns the film of the previous interaction. @throws ApiError 400 if it is unknown or has not ended */
  async function previousOf({ previousId, results }: InteractionRequest): Promise<Film | undefined> {
    if (previousId === undefined) return undefined;
    const { ended } = await interactions.get(previousId);
    if (ended === undefined) throw invalidArgument(`previous_interaction_id: ${previousId} has not ended.`);
    const callIds = new Set(ended.result.steps.map(({ id }) => id));
    const unknown = results.find(({ callId }) => !callIds.has(callId));
    if (unknown !== undefined) throw invalidArgument(`${previousId} has not called ${unknown.callId}.`);
    return ended.result.video?.film;
  }

  /** @throws ApiError 403 for an unknown file, 400 for a file in processing */
  function secondsIn({ inputVideo }: InteractionRequest): number | undefined {
    if (inputVideo === undefined) return undefined;
    return inputVideo.fileName === undefined ? 0 : (files.getActive(inputVideo.fileName).seconds ?? 0);
  }

  function respond(interaction: Interaction, more: JsonObject = {}): ApiResponse {
    return interactionResponse({ ...interactionView(interaction, context.clock.now(), config), ...more }, config);
  }
}

function plannedEnd({ prompt, functions, results }: InteractionRequest, isVideo: boolean): JobEnd {
  if (prompt.includes(FAILING_TEXT)) return 'failed';
  if (isVideo) return prompt.includes(REFUSED_TEXT) ? 'filtered' : 'succeeded';
  return functions.length > 0 && results.length === 0 ? 'requires_action' : 'succeeded';
}

function eventsOf(
  { kind, name }: Interaction,
  end: JobEnd,
  { video }: InteractionResult,
  { pauseEvent, videoEvent }: InteractionsConfig,
): readonly SimulatedEvent[] {
  if (kind === 'video') return videoEvents({ id: name, end, fileName: video?.fileName, failure: FAILURE }, videoEvent);
  const type = end === 'requires_action' ? pauseEvent : EVENTS[end];
  if (type === undefined) return [];
  const failure = end === 'failed' ? { error_code: FAILURE.code, error_message: FAILURE.message } : {};
  return [{ type, data: { id: name, ...failure } }];
}
