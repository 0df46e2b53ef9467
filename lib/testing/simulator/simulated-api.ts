import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';

/** Route of the simulated API. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Pattern of the whole path, `^/v1beta/batches/([^/]+)$`: its decoded groups are the request's `params`. */
  readonly path: RegExp;
  /** Name of the call in the SDK: `batches.get`. Counts and faults use it. */
  readonly operation: string;
  handle(request: ApiRequest): Promise<ApiResponse> | ApiResponse;
}

export interface ApiRequest {
  readonly params: readonly string[];
  /** API version in the path: `v1`, `v1beta` or `v1alpha`. */
  readonly version: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Reads the body, of limited size, as JSON. @throws ApiError `INVALID_ARGUMENT` */
  json(): Promise<unknown>;
  /** Body as a stream, for uploads that do not fit in memory. */
  readonly body: Readable;
}

/** Response to a call: JSON, or bytes. */
export type ApiResponse =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: unknown }
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: Readable | Buffer;
      /** Id of the resource, for the record of requests. */
      readonly id?: string;
    };

/** Error in the form of Google's APIs: `{ error: { code, message, status } }`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  /** @param code the HTTP status @param status Google's name of it: `NOT_FOUND` */
  constructor(
    readonly code: number,
    readonly status: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** Google's `error.details`. */
    readonly details: readonly object[] = [],
  ) {
    super(message);
  }

  /** `error` of the response. */
  get body(): object {
    const { code, message, status, details } = this;
    return { code, message, status, ...(details.length > 0 && { details }) };
  }
}

/** Clock of the simulator. */
export interface SimulatorClock {
  /** Unix milliseconds. */
  now(): number;
  /** Runs a function once, after `delayMs` of this clock. @returns a function that cancels it */
  after(delayMs: number, run: () => void | Promise<void>): () => void;
}

/**
 * Outcome of a job: `succeeded` unless a fault or the prompt changes it. `filtered` is a refused video, which completes
 * with text and without a video. `partially_succeeded` is a batch whose first request failed.
 */
export type JobEnd =
  | 'succeeded'
  | 'partially_succeeded'
  | 'failed'
  | 'expired'
  | 'cancelled'
  | 'filtered'
  | 'incomplete'
  | 'budget_exceeded'
  | 'requires_action';

/** Calls that the fault `not_found` affects. */
export type HidableOperation = 'interactions.get' | 'batches.get';

/** Dynamic webhook of a job. */
export interface DynamicWebhook {
  readonly uris: readonly string[];
  readonly userMetadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Method of a model, as Google's error message names it. */
export type ModelMethod = 'batchGenerateContent' | 'asyncBatchEmbedContent' | 'createInteraction';

/** Models and agents of a simulated API. */
export interface KnownModels {
  /**
   * @param model with or without `models/`
   * @param version API version of the request, for the error message
   * @throws ApiError 404 for an unknown model, 400 for Omni outside interactions
   */
  checkModel(model: string, method: ModelMethod, version: string): void;
  /** @throws ApiError 404 for an unknown agent */
  checkAgent(agent: string, version: string): void;
  /** Refuses a method that the API does not serve. @throws ApiError 404, or 400 for Omni */
  refuse(model: string, method: string, version: string): never;
}

/** Dependencies of the resources of the simulated API. */
export interface SimulatorContext {
  readonly clock: SimulatorClock;
  /** `http://127.0.0.1:<port>`. Known once the server listens. */
  readonly baseUrl: string;
  /** Models and agents of the API. */
  readonly models: KnownModels;
  /** True if a `not_found` fault affects a GET of that job. Consumes one of its occurrences. */
  isHidden(operation: HidableOperation, name: string): boolean;
  /** Returns the end of a job of that kind that starts now, and consumes a fault `end`. */
  endOf(kind: GeminiResourceKind): JobEnd;
  /** Returns the duration of a job, in milliseconds of the simulator's clock. */
  durationOf(kind: GeminiResourceKind): number;
  /** @throws ApiError 400 `Unknown name "userMetadata"` while that fault is set */
  checkUserMetadata(webhook: DynamicWebhook | undefined): void;
  /** Sends events in order: to the job's own URIs; without any, to the static webhooks that subscribe to them. */
  emit(events: readonly SimulatedEvent[], job: SimulatedJobRef, webhook: DynamicWebhook | undefined): void;
}

/** Reference to a job, for faults and the record of requests. */
export interface SimulatedJobRef {
  readonly kind: GeminiResourceKind;
  /** Resource name: `batches/…`, or the id of an interaction or video. */
  readonly name: string;
}

/** Unsigned event. */
export interface SimulatedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Resource of the simulated API. */
export interface SimulatedResource {
  readonly routes: readonly ApiRoute[];
  /**
   * Ends a job of this resource now.
   *
   * @param end by default the planned one
   * @returns false if the job is unknown or has ended; otherwise true, or a promise that resolves after its end was published
   */
  finish?(name: string, end?: JobEnd): boolean | Promise<void>;
  /** Makes GET show another status while the job runs. @returns false if the job is unknown or has ended */
  setStatus?(name: string, status: string | undefined): boolean;
}
