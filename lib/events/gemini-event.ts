import type { GeminiEventAlias, GeminiEventData, GeminiEventType, GeminiResourceKind } from './event-catalogue.js';

/**
 * An event of the Gemini API: the body as Google sends it (snake_case, unknown fields kept), with `type` as the
 * catalogue names it, and what the module knows about it besides. Narrow it by `event.type` or `isGeminiEvent`.
 */
export type GeminiEvent = { [Type in GeminiEventType]: KnownGeminiEvent<Type> }[GeminiEventType] | UnknownGeminiEvent;

/** An event of the catalogue. */
export interface KnownGeminiEvent<Type extends GeminiEventType> extends GeminiEventEnvelope {
  readonly type: Type;
  readonly data: GeminiEventData[Type];
}

/** A verified event whose type this version does not know. Handlers for `*` get it. */
export interface UnknownGeminiEvent extends GeminiEventEnvelope {
  readonly type: UnknownGeminiEventType;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Any string that is not of the catalogue. For the compiler a single one: every literal compares with `string`, so
 * known types would not narrow. To ask for a type that this version does not know, compare `delivery.sentType`.
 */
export type UnknownGeminiEventType = '(unknown)' & { readonly [unknownType]: true };
declare const unknownType: unique symbol;

/** What all events have. */
export interface GeminiEventEnvelope {
  /** Of the payload; `v1` so far. */
  readonly version: string;
  /** When it happened, RFC 3339. */
  readonly timestamp: string;
  /** What the job was started with, from wherever in the body it stood; `{}` when nothing was. */
  readonly userMetadata: Readonly<Record<string, unknown>>;
  /** Which job it is about; `undefined` when the event does not say. */
  readonly resource: GeminiResource | undefined;
  /** How it reached this app. */
  readonly delivery: GeminiEventDelivery;
}

/** The job an event is about. */
export interface GeminiResource {
  readonly kind: GeminiResourceKind;
  /** `batches/…` as `ai.batches.get` takes it; an operation's or interaction's id or full name as it came. */
  readonly name: string;
}

/** How an event reached this app. */
export interface GeminiEventDelivery {
  /** The `webhook-id`, the same on every retry of a delivery. */
  readonly id: string;
  /** The event key: two deliveries with the same one are the same event. */
  readonly key: string;
  /** `name` of the registration that took it. */
  readonly registration: string;
  /** When this attempt was sent, by the sender's clock. */
  readonly attemptedAt: Date;
  /** What vouched for it: `hmac` (static webhook), `jwks` (dynamic), `reconciled`, or a strategy of your own. */
  readonly strategy: 'hmac' | 'jwks' | 'reconciled' | (string & {});
  /** The type as sent, before it was mapped to the catalogue's name. */
  readonly sentType: string;
  /** The route's parameters. */
  readonly params: Readonly<Record<string, string>>;
}

/** What a handler can ask for: a type, an older name of one, all of a kind, or everything. */
export type GeminiEventPattern = GeminiEventType | GeminiEventAlias | `${GeminiResourceKind}.*` | '*';

/**
 * The events that a pattern, or a union of patterns, delivers.
 *
 * @example
 * GeminiEventOf<'batch.succeeded'>
 * GeminiEventOf<'interaction.*' | 'video.generated'>
 */
export type GeminiEventOf<Pattern extends GeminiEventPattern> = Pattern extends '*'
  ? GeminiEvent
  : { [Type in TypesOf<Pattern>]: KnownGeminiEvent<Type> }[TypesOf<Pattern>];

type TypesOf<Pattern extends GeminiEventPattern> = Pattern extends GeminiEventType
  ? Pattern
  : Pattern extends `${infer Kind}.*`
    ? Extract<GeminiEventType, `${Kind}.${string}`>
    : Pattern extends 'batch.completed'
      ? 'batch.succeeded'
      : never;
