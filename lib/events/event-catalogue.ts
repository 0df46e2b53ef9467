/**
 * Catalogue of all events that handlers can receive. Types, patterns, resources and the README's table are derived from it.
 *
 * - `origin: 'gemini'`: documented by Google (ai.google.dev/gemini-api/docs/webhooks, 2026-09). `origin: 'module'`: Gemini
 *   sends no webhook for this outcome. The module finds it by polling and delivers it with `strategy: 'reconciled'`.
 * - `subscribable: false`: not allowed in a static webhook's `subscribed_events`. The API rejects two documented types
 *   (observed live). Gemini may still send them to a job's dynamic webhook.
 * - `sentAs`: older names of the same event.
 */
export const GEMINI_EVENTS = {
  'batch.succeeded': { kind: 'batch', origin: 'gemini', subscribable: true, sentAs: ['batch.completed'] },
  'batch.failed': { kind: 'batch', origin: 'gemini', subscribable: true, sentAs: [] },
  'batch.expired': { kind: 'batch', origin: 'gemini', subscribable: true, sentAs: [] },
  'batch.cancelled': { kind: 'batch', origin: 'gemini', subscribable: false, sentAs: [] },
  'batch.lost': { kind: 'batch', origin: 'module', subscribable: false, sentAs: [] },
  'interaction.requires_action': { kind: 'interaction', origin: 'gemini', subscribable: true, sentAs: [] },
  'interaction.completed': { kind: 'interaction', origin: 'gemini', subscribable: true, sentAs: [] },
  'interaction.failed': { kind: 'interaction', origin: 'gemini', subscribable: true, sentAs: [] },
  'interaction.cancelled': { kind: 'interaction', origin: 'gemini', subscribable: false, sentAs: [] },
  'interaction.incomplete': { kind: 'interaction', origin: 'module', subscribable: false, sentAs: [] },
  'interaction.lost': { kind: 'interaction', origin: 'module', subscribable: false, sentAs: [] },
  'video.generated': { kind: 'video', origin: 'gemini', subscribable: true, sentAs: [] },
  'video.failed': { kind: 'video', origin: 'module', subscribable: false, sentAs: [] },
  'video.lost': { kind: 'video', origin: 'module', subscribable: false, sentAs: [] },
} as const satisfies Record<
  string,
  { kind: GeminiResourceKind; origin: 'gemini' | 'module'; subscribable: boolean; sentAs: readonly string[] }
>;

/** Kind of a Gemini job: a batch of prompts, a video, or an interaction (such as deep research). */
export type GeminiResourceKind = 'batch' | 'video' | 'interaction';

/** Name of an event in the catalogue. */
export type GeminiEventType = keyof typeof GEMINI_EVENTS;

/** Older name of an event. Gemini may send it, and patterns and subscriptions accept it. */
export type GeminiEventAlias = (typeof GEMINI_EVENTS)[GeminiEventType]['sentAs'][number];

/** Types that a static webhook can subscribe to. */
export type SubscribableGeminiEventType = {
  [Type in GeminiEventType]: (typeof GEMINI_EVENTS)[Type]['subscribable'] extends true ? Type : never;
}[GeminiEventType];

/** `data` of each event as documented. Other fields are kept unchanged. */
export interface GeminiEventData {
  'batch.succeeded': GeminiResourceData & {
    /** Location of the results (`files/…` or `gs://…`). Only for batches with file input. */
    readonly output_file_uri?: string;
  };
  'batch.failed': GeminiResourceData & GeminiErrorData;
  'batch.expired': GeminiResourceData;
  'batch.cancelled': GeminiResourceData;
  'batch.lost': GeminiLostData;
  'interaction.requires_action': GeminiResourceData;
  'interaction.completed': GeminiResourceData;
  'interaction.failed': GeminiResourceData & GeminiErrorData;
  'interaction.cancelled': GeminiResourceData;
  'interaction.incomplete': GeminiResourceData & {
    /** The interaction's status. Google replaces `budget_exceeded` by `incomplete`. */
    readonly reason: 'incomplete' | 'budget_exceeded';
    readonly message?: string;
  };
  'interaction.lost': GeminiLostData;
  'video.generated': GeminiResourceData & {
    readonly output_file_uri?: string;
    readonly file_name?: string;
    /** Field name in Google's cookbook. `outputUri(event)` reads both. */
    readonly video_uri?: string;
  };
  'video.failed': GeminiResourceData & {
    /** `filtered`: Gemini completed the interaction without a video, which is how it reports a refusal. */
    readonly reason: 'filtered' | 'failed' | 'cancelled' | 'incomplete';
    /** Explanation from Gemini, up to 2,000 characters. */
    readonly message?: string;
  };
  'video.lost': GeminiLostData;
}

/** Fields in the `data` of every event in the catalogue. */
export interface GeminiResourceData {
  /** A short id, `batch_…`, or a full resource name. `event.resource` has it normalized for batches. */
  readonly id: string;
}

/**
 * `data` of an event that reports an unknown outcome of a job. It is not final: if the job's event still arrives, or a later
 * poll finds the outcome, that is delivered as well. `id` is our own job id if Gemini's name for the job is unknown.
 */
export interface GeminiLostData extends GeminiResourceData {
  /** `not_found`: Gemini repeatedly answered that the job does not exist. `unknown_outcome`: no outcome until `untilMs`. */
  readonly reason: 'not_found' | 'unknown_outcome';
  readonly message?: string;
}

/** `data` of a job that failed. */
export interface GeminiErrorData {
  readonly error_code?: string | number;
  readonly error_message?: string;
}

const CATALOGUE_NAMES: ReadonlyMap<string, GeminiEventType> = new Map(
  (Object.keys(GEMINI_EVENTS) as GeminiEventType[]).flatMap((type) =>
    [type, ...GEMINI_EVENTS[type].sentAs].map((name) => [name, type] as const),
  ),
);

/** Returns the catalogue's name for a type as sent (`batch.completed` → `batch.succeeded`), or `undefined` if unknown. */
export function catalogueType(sentType: string): GeminiEventType | undefined {
  return CATALOGUE_NAMES.get(sentType);
}
