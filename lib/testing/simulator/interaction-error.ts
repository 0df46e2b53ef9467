import { ApiError, type ApiRoute } from './simulated-api.js';

const REASONS: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  403: 'permission_denied',
  404: 'not_found',
  500: 'internal',
  503: 'unavailable',
};

/** Error of the Interactions API, where `error.code` is a string (live, wire.md): `{ error: { code, message } }`. */
export class InteractionError extends ApiError {
  /** @param code the HTTP status @param reason `error.code` in the body */
  constructor(
    code: number,
    readonly reason: string,
    message: string,
  ) {
    super(code, reason, message);
  }

  override get body(): object {
    return { code: this.reason, message: this.message };
  }
}

/** Returns the error for an unknown id: 400, not 404 (live). */
export function unknownInteraction(): InteractionError {
  return new InteractionError(400, 'invalid_request', 'Invalid interaction name');
}

/** Returns the route with errors in the form of the Interactions API. */
export function withInteractionErrors(route: ApiRoute): ApiRoute {
  return {
    ...route,
    handle: async (request) => {
      try {
        return await route.handle(request);
      } catch (error) {
        throw interactionError(error);
      }
    },
  };
}

function interactionError(error: unknown): unknown {
  if (!(error instanceof ApiError) || error instanceof InteractionError) return error;
  return new InteractionError(error.code, REASONS[error.code] ?? error.status.toLowerCase(), error.message);
}
