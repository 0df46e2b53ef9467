/**
 * Everything that Gemini is documented to send, in one table: types, patterns, resources and the README's table come
 * from it. Source: ai.google.dev/gemini-api/docs/webhooks (2026-09).
 *
 * `subscribable: false` marks the two types that the API refuses in a static webhook's `subscribed_events` (seen live);
 * jobs with a dynamic webhook may still announce them. `sentAs` lists older names of the same event.
 */
export const GEMINI_EVENTS = {
  'batch.succeeded': { kind: 'batch', subscribable: true, sentAs: ['batch.completed'] },
  'batch.failed': { kind: 'batch', subscribable: true, sentAs: [] },
  'batch.expired': { kind: 'batch', subscribable: true, sentAs: [] },
  'batch.cancelled': { kind: 'batch', subscribable: false, sentAs: [] },
  'interaction.requires_action': { kind: 'interaction', subscribable: true, sentAs: [] },
  'interaction.completed': { kind: 'interaction', subscribable: true, sentAs: [] },
  'interaction.failed': { kind: 'interaction', subscribable: true, sentAs: [] },
  'interaction.cancelled': { kind: 'interaction', subscribable: false, sentAs: [] },
  'video.generated': { kind: 'video', subscribable: true, sentAs: [] },
} as const satisfies Record<string, { kind: GeminiResourceKind; subscribable: boolean; sentAs: readonly string[] }>;

/** What a Gemini job makes: a batch of prompts, a video, an interaction (deep research among them). */
export type GeminiResourceKind = 'batch' | 'video' | 'interaction';

/** The name of an event as the catalogue has it. */
export type GeminiEventType = keyof typeof GEMINI_EVENTS;

/** An older name under which an event of the catalogue may arrive or be asked for. */
export type GeminiEventAlias = (typeof GEMINI_EVENTS)[GeminiEventType]['sentAs'][number];

/** Types that a static webhook can subscribe to. */
export type SubscribableGeminiEventType = {
  [Type in GeminiEventType]: (typeof GEMINI_EVENTS)[Type]['subscribable'] extends true ? Type : never;
}[GeminiEventType];

/** `data` of each event as documented. Fields beyond these are kept as they came. */
export interface GeminiEventData {
  'batch.succeeded': GeminiResourceData & {
    /** Where the results are (`files/…` or `gs://…`); of file-input batches only. */
    readonly output_file_uri?: string;
  };
  'batch.failed': GeminiResourceData & GeminiErrorData;
  'batch.expired': GeminiResourceData;
  'batch.cancelled': GeminiResourceData;
  'interaction.requires_action': GeminiResourceData;
  'interaction.completed': GeminiResourceData;
  'interaction.failed': GeminiResourceData & GeminiErrorData;
  'interaction.cancelled': GeminiResourceData;
  'video.generated': GeminiResourceData & {
    readonly output_file_uri?: string;
    readonly file_name?: string;
    /** The spelling that Google's cookbook reads. `outputUri(event)` takes either. */
    readonly video_uri?: string;
  };
}

/** What the `data` of every event of the catalogue has. */
export interface GeminiResourceData {
  /** A short id, `batch_…`, or a full resource name. `event.resource` and comparison helpers take any of them. */
  readonly id: string;
}

/** What `data` says of a job that failed. */
export interface GeminiErrorData {
  readonly error_code?: string | number;
  readonly error_message?: string;
}

const CATALOGUE_NAMES: ReadonlyMap<string, GeminiEventType> = new Map(
  (Object.keys(GEMINI_EVENTS) as GeminiEventType[]).flatMap((type) =>
    [type, ...GEMINI_EVENTS[type].sentAs].map((name) => [name, type] as const),
  ),
);

/** The catalogue's name for a type as sent (`batch.completed` → `batch.succeeded`), or `undefined` when it has none. */
export function catalogueType(sentType: string): GeminiEventType | undefined {
  return CATALOGUE_NAMES.get(sentType);
}
