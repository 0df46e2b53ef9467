import type { GeminiEventAlias, GeminiEventData, GeminiEventType, GeminiResourceKind } from './event-catalogue.js';

/**
 * An event of the Gemini API: the body as Google sends it (snake_case, with unknown fields), `type` normalized to the
 * catalogue's name, and the module's own fields. Narrow it by `event.type` or with `isGeminiEvent`.
 */
export type GeminiEvent = { [Type in GeminiEventType]: KnownGeminiEvent<Type> }[GeminiEventType] | UnknownGeminiEvent;

/** An event whose type is in the catalogue. */
export interface KnownGeminiEvent<Type extends GeminiEventType> extends GeminiEventEnvelope {
  readonly type: Type;
  readonly data: GeminiEventData[Type];
}

/** A verified event whose type is not in the catalogue of this version. Handlers of `*` receive it. */
export interface UnknownGeminiEvent extends GeminiEventEnvelope {
  readonly type: UnknownGeminiEventType;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Any type that is not in the catalogue. The compiler sees a single literal: with `string`, which overlaps every literal,
 * known types would not narrow. To check for a type that this version does not know, compare `delivery.sentType`.
 */
export type UnknownGeminiEventType = '(unknown)' & { readonly [unknownType]: true };
declare const unknownType: unique symbol;

/** Fields that all events have. */
export interface GeminiEventEnvelope {
  /** Version of the payload; `v1` so far. */
  readonly version: string;
  /** Time of the event, RFC 3339. */
  readonly timestamp: string;
  /** User metadata that the job was started with, read from any place in the body; `{}` if there is none. */
  readonly userMetadata: Readonly<Record<string, unknown>>;
  /** The job that the event is about; `undefined` if the event names none. */
  readonly resource: GeminiResource | undefined;
  /** Delivery that brought the event to this app. */
  readonly delivery: GeminiEventDelivery;
}

/** The job an event is about. */
export interface GeminiResource {
  readonly kind: GeminiResourceKind;
  /** `batches/…`, which `ai.batches.get` accepts; for operations and interactions the id or full name as it was sent. */
  readonly name: string;
}

/** Delivery that brought an event to this app. */
export interface GeminiEventDelivery {
  /** The `webhook-id`, the same on every retry of a delivery. */
  readonly id: string;
  /** The event key. Two deliveries with the same key carry the same event. */
  readonly key: string;
  /** `name` of the module instance that accepted it. */
  readonly registration: string;
  /** Time at which this attempt was sent, by the sender's clock. */
  readonly attemptedAt: Date;
  /** Strategy that verified it: `hmac` (static webhook), `jwks` (dynamic), `reconciled` (polled), or a custom one. */
  readonly strategy: 'hmac' | 'jwks' | 'reconciled' | (string & {});
  /** The type as sent, before it was normalized to the catalogue's name. */
  readonly sentType: string;
  /** The route's parameters. */
  readonly params: Readonly<Record<string, string>>;
}

/** Pattern of a handler: a type, an older name of a type, all types of a kind, or `*` for all events. */
export type GeminiEventPattern = GeminiEventType | GeminiEventAlias | `${GeminiResourceKind}.*` | '*';

/**
 * Events that match a pattern, or any pattern of a union.
 *
 * @example
 * GeminiEventOf<'batch.succeeded'>
 *
 * @example
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
