import { catalogueType, type GeminiEventType, type GeminiResourceKind } from './event-catalogue.js';
import { eventKey } from './event-key.js';
import { resourceOf } from './event-resource.js';
import type { GeminiEvent, GeminiEventDelivery, GeminiResource } from './gemini-event.js';
import { isRecord, type RawGeminiEvent } from './parse-event.js';
import { userMetadataOf } from './user-metadata.js';

/** What a request is once it is authentic and ours: `@GeminiDelivery()` gives it, `GeminiInbox.accept` takes it. */
export interface VerifiedDelivery extends GeminiEventDelivery {
  readonly event: GeminiEvent;
  /** The event's JSON as it was sent: the raw body, or a token's claims; without the binding token where it held that. */
  readonly body: Buffer;
}

/** What is known of a delivery before the event is put together. */
export interface DeliveryFacts {
  readonly id: string;
  readonly registration: string;
  readonly attemptedAt: Date;
  readonly strategy: string;
  readonly params: Readonly<Record<string, string>>;
  readonly raw: RawGeminiEvent;
  readonly body: Buffer;
  /** The job of ours that a binding token named. */
  readonly job?: { readonly kind: GeminiResourceKind; readonly id: string } | undefined;
  /** What stands for the `webhook-id` in the event key where the signature does not cover the headers. */
  readonly messageId?: string | undefined;
}

/** Puts event and delivery together from verified facts. */
export function verifiedDelivery(facts: DeliveryFacts): VerifiedDelivery {
  const { id, registration, params, raw, job, messageId = id } = facts;
  const type = catalogueType(raw.type);
  const data = dataOf(raw);
  const resource = resourceOf(type, data);
  return assemble(facts, type, data, resource, eventKey({ registration, params, type, resource, job, messageId }));
}

/** The same from facts that were kept together with the key. */
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
  // What is spread comes last: V8 takes ten times as long to add to an object that began as a copy.
  const event = {
    type: type ?? sentType,
    data,
    userMetadata: userMetadataOf(raw),
    resource,
    delivery,
    ...othersOf(raw),
  } as unknown as GeminiEvent;
  return { event, body, id, key, registration, attemptedAt, strategy, sentType, params };
}

function dataOf({ data }: RawGeminiEvent): Readonly<Record<string, unknown>> {
  return isRecord(data) ? data : {};
}

/** The fields as they came, without those that have a place of their own in a `GeminiEvent`. */
function othersOf(raw: RawGeminiEvent): object {
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
