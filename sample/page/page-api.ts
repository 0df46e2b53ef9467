/*
 * What the page and the server say to each other. Times are RFC 3339.
 *
 *   GET  /                                the page; its parts below /assets
 *   GET  /api/live                        server-sent events: each message's name is a key of `LiveMessages`, its data JSON.
 *                                         The first is `state`, also after a reconnect
 *   POST /api/batches    StartBatch       → 201 { id }
 *   POST /api/films      StartFilm        → 201 { id }
 *   POST /api/research   StartResearch    → 201 { id }
 *   POST /api/research/:id/decision       Decision → 204
 *   GET  /api/batches/:id/results         ?after=<position>&limit=<n> → ResultRow[]
 *   GET  /api/films/:id/video             the film, with byte ranges
 *   PUT  /api/faults/:name                { on: boolean } → 204; 404 where Gemini is not simulated
 *   POST /api/faults/kill-worker          → 204
 *
 * What is wrong with a request is told as problem+json with `title` and `detail`.
 */

export type WorkflowKind = 'batch' | 'film' | 'research';

/** `waiting`: for a person. */
export type WorkflowStatus = 'running' | 'waiting' | 'succeeded' | 'failed';

export interface WorkflowView {
  readonly id: string;
  readonly kind: WorkflowKind;
  readonly title: string;
  readonly status: WorkflowStatus;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Of `unit`: results, seconds, steps. */
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  /** Why it failed, for a person. */
  readonly failure: string | null;
  /** Oldest first. */
  readonly timeline: readonly TimelineEntry[];
  readonly batch: BatchView | null;
  readonly film: FilmView | null;
  readonly research: ResearchView | null;
}

export interface BatchView {
  readonly good: number;
  readonly failed: number;
}

export interface FilmView {
  readonly scenes: readonly {
    readonly prompt: string;
    readonly status: 'waiting' | 'running' | 'done' | 'failed';
    /** Whether it was tried again with a softened prompt. */
    readonly softened: boolean;
  }[];
  /** How long it is so far. */
  readonly seconds: number;
  /** Where it is, once it is downloaded. */
  readonly video: string | null;
}

export interface ResearchView {
  readonly question: string;
  /** What a person is asked to approve, while somebody waits for it. */
  readonly approval: { readonly budget: string; readonly reason: string } | null;
  readonly report: string | null;
}

export interface TimelineEntry {
  readonly id: number;
  readonly at: string;
  /**
   * `sent`: to Gemini. `event`: came, and was accepted. `handled`, `failed`: by a method, in the end. `note`: what the
   * workflow says of itself.
   */
  readonly kind: 'sent' | 'event' | 'handled' | 'failed' | 'note';
  /** What was sent, the event's type, or the note. */
  readonly text: string;
  /** What vouched for an event: `reconciled` was asked for, since its webhook did not come. */
  readonly scheme: DeliveryScheme | null;
  readonly handler: string | null;
  readonly durationMs: number | null;
  readonly attempt: number | null;
  /** Which process did it: `web-1`, `worker-1`. */
  readonly process: string;
}

export type DeliveryScheme = 'v1' | 'v1a' | 'jwt' | 'reconciled';

/** One POST to the webhook's route. */
export interface DeliveryView {
  readonly id: number;
  readonly at: string;
  readonly outcome: 'accepted' | 'duplicate' | 'refused' | 'unavailable';
  readonly status: number;
  /** Of a refusal: `signature_mismatch`, `unbound_delivery`, … */
  readonly code: string | null;
  readonly scheme: DeliveryScheme | null;
  /** Its type; null for one that was refused, since nothing in it can be believed. */
  readonly event: string | null;
  /** The workflow that it is about. */
  readonly workflow: string | null;
  readonly process: string;
}

/** A line of a batch's output. */
export interface ResultRow {
  readonly position: number;
  readonly key: string;
  readonly text: string | null;
  readonly error: string | null;
}

/** Something that can go wrong, and be switched on. */
export interface FaultView {
  readonly name: FaultName;
  readonly on: boolean;
}

/** Of the simulator's faults, those that a person switches on. */
export const FAULT_NAMES = ['duplicate', 'lose', 'delay', 'forge', 'foreign'] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export interface LiveState {
  /** Newest first. */
  readonly workflows: readonly WorkflowView[];
  /** The last 50, newest first. */
  readonly deliveries: readonly DeliveryView[];
  /** null where Gemini is not simulated. */
  readonly faults: readonly FaultView[] | null;
  /** The process that serves this page. */
  readonly process: string;
}

/** The messages of `GET /api/live` by name. */
export interface LiveMessages {
  readonly state: LiveState;
  /** A workflow that is new or has changed, whole. */
  readonly workflow: WorkflowView;
  readonly delivery: DeliveryView;
  /** An event that the bus announced in this process, the moment it did. */
  readonly event: { readonly type: string; readonly workflow: string | null; readonly scheme: DeliveryScheme | null };
  /** Result rows of a batch as they are stored: the newest of them, at most 20 a message. */
  readonly results: { readonly workflow: string; readonly rows: readonly ResultRow[] };
  readonly faults: readonly FaultView[];
}

export interface StartBatch {
  /** 1 to 50,000. @default 5000 */
  readonly prompts?: number;
}

export interface StartFilm {
  /** One prompt a scene, 1 to 21: the first clip is 8 s, each extension 7 s. @default a storyboard of 21 scenes, 148 s */
  readonly scenes?: readonly string[];
}

export interface StartResearch {
  readonly question?: string;
}

export interface Decision {
  readonly approved: boolean;
}
