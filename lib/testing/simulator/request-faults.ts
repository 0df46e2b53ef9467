import type { Faults } from './faults.js';
import { ApiError } from './simulated-api.js';

/** Effects of faults on one call. */
export interface RequestFault {
  /** In milliseconds of the machine's clock. */
  readonly delayMs: number;
  readonly error:
    | {
        /** True if the call still takes effect. */
        readonly afterEffect: boolean;
        /** `undefined` closes the connection. */
        readonly refusal: ApiError | undefined;
      }
    | undefined;
}

/** Google's names for HTTP statuses (google.rpc.Code). */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** Consumes the faults for a call of that operation. */
export function requestFaultOf(faults: Faults, operation: string): RequestFault {
  const matches = (fault: { readonly operation?: string }) =>
    fault.operation === undefined || fault.operation === operation;
  const delayed = faults.take('api_delay', matches);
  const failed = faults.take('api_error', matches);
  return {
    delayMs: delayed?.delayMs ?? 0,
    error: failed && {
      afterEffect: failed.afterEffect === true,
      refusal: failed.status === 0 ? undefined : refusalOf(failed.status, failed.retryAfterSeconds),
    },
  };
}

function refusalOf(status: number, retryAfterSeconds: number | undefined): ApiError {
  const headers: Readonly<Record<string, string>> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return new ApiError(status, STATUS_NAMES[status] ?? 'UNKNOWN', 'A fault of the simulator.', headers);
}
