import { catalogueType, type GeminiEventType, type GeminiResourceKind } from './event-catalogue.js';
import { eventKey } from './event-key.js';
import { resourceOf } from './event-resource.js';
import type { GeminiEvent, GeminiEventDelivery, GeminiResource } from './gemini-event.js';
import { isObject } from '../shared/is-object.js';
import type { RawGeminiEvent } from './parse-event.js';
import { userMetadataOf } from './user-metadata.js';

/** Authentic delivery for this deployment. `@GeminiDelivery()` injects it, and `GeminiInbox.accept` accepts it. */
export interface VerifiedDelivery extends GeminiEventDelivery {
  readonly event: GeminiEvent;
  /** JSON of the event as it was sent: the raw body, or a token's claims. A binding token is removed. */
  readonly body: Buffer;
}

/** Verified facts about a delivery, from which the event is assembled. */
export interface DeliveryFacts {
  readonly id: string;
  readonly registration: string;
  readonly attemptedAt: Date;
  readonly strategy: string;
  readonly params: Readonly<Record<string, string>>;
  readonly raw: RawGeminiEvent;
  readonly body: Buffer;
  /** Our job in the binding token. */
  readonly job?: { readonly kind: GeminiResourceKind; readonly id: string } | undefined;
  /** Replaces the `webhook-id` in the event key if the signature does not cover the headers. */
  readonly messageId?: string | undefined;
  /** Type that Gemini would have sent, if polling found the outcome and the module's own type differs. */
  readonly announcedAs?: GeminiEventType | undefined;
}

/** Event of the catalogue as which a delivery reaches handlers. */
export interface DecidedEvent {
  readonly type: GeminiEventType;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Assembles the delivery and its event from verified facts. */
export function verifiedDelivery(facts: DeliveryFacts): VerifiedDelivery {
  const { id, registration, params, raw, job, messageId = id, announcedAs } = facts;
  const type = catalogueType(raw.type);
  const data = dataOf(raw);
  const resource = resourceOf(type, data);
  const key = eventKey({ registration, params, type, announcedAs, resource, job, messageId });
  return assemble(facts, type, data, resource, key);
}

/** Returns the delivery with the decided event. `delivery.sentType` remains the type as sent. */
export function decidedDelivery(delivery: VerifiedDelivery, decided: DecidedEvent): VerifiedDelivery {
  return { ...delivery, event: decidedEvent(delivery.event, decided) };
}

/** Returns the event with the decided type and data. Other fields of the original `data` remain. */
export function decidedEvent(event: GeminiEvent, { type, data: decided }: DecidedEvent): GeminiEvent {
  const data = { ...event.data, ...decided };
  return { ...event, type, data, resource: resourceOf(type, data) ?? event.resource } as unknown as GeminiEvent;
}

/** Assembles a delivery from facts that were stored with its key. */
export function restoredDelivery(facts: DeliveryFacts, key: string): VerifiedDelivery {
  const type = catalogueType(facts.raw.type);
  const data = dataOf(facts.raw);
  return assemble(facts, type, data, resourceOf(type, data), key);
}

function assemble(
  { id, registration, attemptedAt, strategy, params, raw, body }: DeliveryFacts,
  type: GeminiEventType | undefined,
  data: Readonly<Record<string, unknown>>,
  resource: GeminiResource | undefined,
  key: string,
): VerifiedDelivery {
  const sentType = raw.type;
  const delivery: GeminiEventDelivery = { id, key, registration, attemptedAt, strategy, sentType, params };
  // The spread comes last: in V8, adding fields to an object that starts with a spread takes ten times as long.
  const event = {
    type: type ?? sentType,
    data,
    userMetadata: userMetadataOf(raw),
    resource,
    delivery,
    ...otherFieldsOf(raw),
  } as unknown as GeminiEvent;
  return { event, body, id, key, registration, attemptedAt, strategy, sentType, params };
}

function dataOf({ data }: RawGeminiEvent): Readonly<Record<string, unknown>> {
  return isObject(data) ? data : {};
}

/** Returns the unchanged fields, without those that `GeminiEvent` defines itself. */
function otherFieldsOf(raw: RawGeminiEvent): object {
  const {
    type: _type,
    data: _data,
    userMetadata: _metadata,
    resource: _resource,
    delivery: _delivery,
    ...others
  } = raw;
  return others;
}
