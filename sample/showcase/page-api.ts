/*
 * The messages between page and server. Times are RFC 3339.
 *
 *   GET  /api/live                   server-sent events named after the keys of `LiveMessages`. The first is `state`
 *   POST /api/runs                   StartRun → 201 { id }
 *   POST /api/runs/:id/decision      { approved: boolean } → 204
 *   GET  /api/runs/:id/videos/:part  a part of the film, from 1 on, with byte ranges
 *   PUT  /api/fault                  { fault: FaultName | null } → 204; 404 with the real API
 *
 * Errors are problem+json with `title` and `detail`.
 */

export const RUN_KINDS = ['batch', 'film', 'research'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** `waiting`: for a person. */
export type RunStatus = 'running' | 'waiting' | 'succeeded' | 'failed';

export interface BatchDetails {
  readonly prompts: number;
  readonly good: number;
  readonly failed: number;
  /** The first rows of the results. */
  readonly rows: readonly { readonly key: string; readonly text: string | null; readonly error: string | null }[];
}

export interface FilmDetails {
  readonly scenes: readonly {
    readonly prompt: string;
    readonly status: 'planned' | 'running' | 'done' | 'failed';
    /** True if the scene was refused and is made again with a softened prompt. */
    readonly softened?: boolean;
  }[];
  /** Number of downloaded files, one for each chain of at most 40 s. */
  readonly videos: number;
}

export interface ResearchDetails {
  readonly plan: string | null;
  /** The interaction that made the plan. */
  readonly planId: string | null;
  readonly report: string | null;
}

export interface Details {
  readonly batch: BatchDetails;
  readonly film: FilmDetails;
  readonly research: ResearchDetails;
}

export type RunView = {
  [Kind in RunKind]: {
    readonly id: string;
    readonly kind: Kind;
    readonly title: string;
    readonly status: RunStatus;
    readonly failure: string | null;
    readonly startedAt: string;
    readonly endedAt: string | null;
    readonly details: Details[Kind];
    /** Oldest first. */
    readonly timeline: readonly TimelineEntry[];
  };
}[RunKind];

/** `v1`, `v1a`, `jwt`: how Gemini signed the event. `polled`: no webhook came, polling found the end of the job. */
export type Scheme = 'v1' | 'v1a' | 'jwt' | 'polled';

export interface TimelineEntry {
  readonly id: number;
  readonly at: string;
  /** `sent`: to Gemini. `event`: received. `handled`, `failed`: an attempt of a handler. `note`: anything else. */
  readonly kind: 'sent' | 'event' | 'handled' | 'failed' | 'note';
  readonly text: string;
  readonly scheme: Scheme | null;
  readonly handler: string | null;
  readonly durationMs: number | null;
  readonly attempt: number | null;
}

/** One POST to the webhook's route, or one event that came without. */
export interface DeliveryView {
  readonly id: number;
  readonly at: string;
  readonly outcome: 'accepted' | 'duplicate' | 'refused' | 'unavailable' | 'polled';
  /** Of the HTTP response; null for an event that came without a request. */
  readonly status: number | null;
  /** Of a refusal: `signature_mismatch`, `unbound_delivery`, … */
  readonly code: string | null;
  readonly scheme: Scheme | null;
  /** Null for a refused delivery, whose content cannot be trusted. */
  readonly event: string | null;
  readonly run: string | null;
  /** The fault that it shows. */
  readonly fault: FaultName | null;
}

/** Faults of the simulator that the page offers, one at a time: a lost webhook cannot also come twice. */
export const FAULT_NAMES = ['duplicate', 'lose', 'delay', 'forge', 'foreign'] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export interface LiveState {
  /** Newest first. */
  readonly runs: readonly RunView[];
  readonly deliveries: readonly DeliveryView[];
  readonly fault: FaultName | null;
  readonly isSimulated: boolean;
}

export interface LiveMessages {
  readonly state: LiveState;
  /** A run that is new or has changed, whole. */
  readonly run: RunView;
  /** The newest deliveries, newest first. */
  readonly deliveries: readonly DeliveryView[];
  readonly fault: { readonly name: FaultName | null };
}

/** What a person starts. */
export type StartRun =
  | { readonly kind: 'batch'; readonly prompts: number }
  | { readonly kind: 'film'; readonly scenes: number }
  | { readonly kind: 'research'; readonly question: string };
