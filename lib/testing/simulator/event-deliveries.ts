import { randomUUID } from 'node:crypto';
import type { EventFaults } from './event-faults.js';
import type { GoogleKeys } from './google-keys.js';
import type { SimulatedEvent } from './simulated-api.js';
import { withoutQuery, type DeliveryTarget, type OutgoingDelivery } from './webhook-sender.js';

/** Event to send. */
export interface OutgoingEvent {
  readonly event: SimulatedEvent;
  readonly job: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>> | undefined;
  /** Unix milliseconds of the simulator's clock. */
  readonly at: number;
}

/** Form of events on the wire. */
export interface WireForm {
  readonly keys: GoogleKeys;
  readonly metadataAt: 'top' | 'data';
}

/** Returns the deliveries of one event to one target: the original, and the copies that faults add. */
export function deliveriesOf(
  outgoing: OutgoingEvent,
  target: DeliveryTarget,
  faults: EventFaults,
  { keys, metadataAt }: WireForm,
): readonly OutgoingDelivery[] {
  const original: OutgoingDelivery = {
    id: newId(),
    type: outgoing.event.type,
    body: bodyOf(outgoing, metadataAt),
    target,
    job: outgoing.job,
    faults: faults.names,
    isRetried: true,
    isStale: faults.isStale,
  };
  const copy = { ...original, isRetried: false };
  return [
    original,
    ...(faults.isDuplicated ? [{ ...copy, faults: [...faults.names, 'duplicate'] }] : []),
    ...(faults.isForged ? [{ ...copy, faults: ['forge'], isStale: false, isForged: true }] : []),
    ...(faults.hasForeign ? [foreignOf(outgoing, target, keys)] : []),
  ];
}

function foreignOf({ event, at }: OutgoingEvent, { url }: DeliveryTarget, keys: GoogleKeys): OutgoingDelivery {
  const foreign: SimulatedEvent = { ...event, data: { ...event.data, ...foreignId(event.data['id']) } };
  return {
    id: newId(),
    type: event.type,
    body: bodyOf({ event: foreign, job: undefined, userMetadata: undefined, at }, 'top'),
    target: { url: withoutQuery(url), scheme: 'v1a', isOpen: true, sign: (content) => keys.v1a(content) },
    job: undefined,
    faults: ['foreign'],
    isRetried: false,
  };
}

/** Returns another id of the same form. */
function foreignId(id: unknown): { readonly id?: string } {
  return typeof id === 'string' ? { id: id.replace(/[^/]*$/, randomUUID()) } : {};
}

function bodyOf({ event: { type, data }, userMetadata, at }: OutgoingEvent, metadataAt: 'top' | 'data'): Buffer {
  const metadata = userMetadata && { user_metadata: userMetadata };
  return Buffer.from(
    JSON.stringify({
      type,
      version: 'v1',
      timestamp: new Date(at).toISOString(),
      data: metadataAt === 'data' ? { ...data, ...metadata } : data,
      ...(metadataAt === 'top' && metadata),
    }),
  );
}

function newId(): string {
  return `msg_${randomUUID()}`;
}
