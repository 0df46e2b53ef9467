import { apiPath } from './api-path.js';
import { ApiError, type SimulatedResource, type SimulatorContext } from './simulated-api.js';

/**
 * Returns Gemini's current errors for model methods that it does not serve: `predictLongRunning` and its operations
 * belonged to Veo, which was shut down on 2026-10-22 (wire.md), and Omni supports only interactions.
 */
export function modelsResource(context: SimulatorContext): SimulatedResource {
  return {
    routes: [
      {
        method: 'POST',
        path: apiPath('(models/[^/:]+):(predictLongRunning)'),
        operation: 'models.generateVideos',
        handle: ({ params: [model = '', method = ''], version }) => context.models.refuse(model, method, version),
      },
      {
        method: 'POST',
        path: apiPath('(models/gemini-omni-[^/:]+):(generateContent|streamGenerateContent)'),
        operation: 'models.generateContent',
        handle: ({ params: [model = '', method = ''], version }) => context.models.refuse(model, method, version),
      },
      {
        method: 'GET',
        path: apiPath('(models/[^/]+/operations/[^/:]+)'),
        operation: 'operations.getVideosOperation',
        handle: ({ params: [name = ''] }) => {
          throw new ApiError(404, 'NOT_FOUND', `Operation ${name} is not found.`);
        },
      },
    ],
  };
}
