import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { GeminiResourceKind } from '../../events/event-catalogue.js';

/** One call of the Gemini API that the simulator answers. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Of the whole path, `^/v1beta/batches/([^/]+)$`: its groups are the request's `params`, decoded. */
  readonly path: RegExp;
  /** What the SDK calls it: `batches.get`. Requests are counted, and made to fail, by it. */
  readonly operation: string;
  handle(request: ApiRequest): Promise<ApiAnswer> | ApiAnswer;
}

export interface ApiRequest {
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The whole body as JSON, bounded. @throws ApiError `INVALID_ARGUMENT` */
  json(): Promise<unknown>;
  /** The body, for uploads that are never held as a whole. */
  readonly body: Readable;
}

/** What a call is answered with: JSON, or bytes. */
export type ApiAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: unknown }
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: Readable | Buffer };

/** A refusal in the form of Google's APIs: `{ error: { code, message, status } }`. */
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
}

/** Time as the simulator has it: the machine's, sped up, or only moved by hand. */
export interface SimulatorClock {
  /** Unix milliseconds. */
  now(): number;
  /** Runs once, when `delayMs` of this clock have passed. The function returned cancels it. */
  after(delayMs: number, run: () => void | Promise<void>): () => void;
}

/** How a job ends. `succeeded` unless a fault says otherwise. */
export type JobEnd =
  'succeeded' | 'failed' | 'expired' | 'cancelled' | 'filtered' | 'incomplete' | 'budget_exceeded' | 'requires_action';

/** The webhook that a job was started with. */
export interface DynamicWebhook {
  readonly uris: readonly string[];
  readonly userMetadata?: Readonly<Record<string, unknown>> | undefined;
}

/** What the resources of the simulated API are given. */
export interface SimulatorContext {
  readonly clock: SimulatorClock;
  /** `http://127.0.0.1:<port>`. Known once the server listens. */
  readonly baseUrl: string;
  /** How a job that starts now is going to end, by the faults that are set for its kind. */
  endOf(kind: GeminiResourceKind): JobEnd;
  /** After how long a job that starts now ends, in the clock's milliseconds. */
  durationOf(kind: GeminiResourceKind): number;
  /** @throws ApiError 400 `Unknown name "userMetadata"` while that fault is set */
  checkUserMetadata(webhook: DynamicWebhook | undefined): void;
  /** Sends an event: to the job's own URIs, else to the static webhooks that are subscribed to it. */
  emit(event: SimulatedEvent, job: SimulatedJobRef, webhook: DynamicWebhook | undefined): void;
}

/** A job, as faults and the record of requests name it. */
export interface SimulatedJobRef {
  readonly kind: GeminiResourceKind;
  /** The resource name: `batches/…`, `models/…/operations/…`, an interaction's id. */
  readonly name: string;
}

/** An event before it is signed. */
export interface SimulatedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A part of the simulated API. */
export interface SimulatedResource {
  readonly routes: readonly ApiRoute[];
  /**
   * Ends a job of this resource now.
   *
   * @param end the way it was to end anyway unless given
   * @returns false when it has no such job, or it has ended; true, or a promise of when its end has been announced
   */
  finish?(name: string, end?: JobEnd): boolean | Promise<void>;
}
