import { randomUUID } from 'node:crypto';
import type { EventFaults } from './event-faults.js';
import type { GoogleKeys } from './google-keys.js';
import type { SimulatedEvent } from './simulated-api.js';
import { withoutQuery, type DeliveryTarget, type OutgoingDelivery } from './webhook-sender.js';

/** An event, and what goes with it. */
export interface EventToSend {
  readonly event: SimulatedEvent;
  readonly job: string | undefined;
  readonly userMetadata: Readonly<Record<string, unknown>> | undefined;
  /** Unix milliseconds of the simulator's clock. */
  readonly at: number;
}

/** How an event is put on the wire. */
export interface WireForm {
  readonly keys: GoogleKeys;
  readonly metadataAt: 'top' | 'data';
}

/** What goes to one target for one event: its delivery, and the copies that faults add. */
export function deliveriesOf(
  toSend: EventToSend,
  target: DeliveryTarget,
  faults: EventFaults,
  { keys, metadataAt }: WireForm,
): readonly OutgoingDelivery[] {
  const own: OutgoingDelivery = {
    id: newId(),
    type: toSend.event.type,
    body: bodyOf(toSend, metadataAt),
    target,
    job: toSend.job,
    faults: faults.names,
    isRetried: true,
    isStale: faults.isStale,
  };
  const copy = { ...own, isRetried: false };
  return [
    own,
    ...(faults.isDuplicated ? [{ ...copy, faults: [...faults.names, 'duplicate'] }] : []),
    ...(faults.isForged ? [{ ...copy, faults: ['forge'], isStale: false, isForged: true }] : []),
    ...(faults.hasForeign ? [foreignOf(toSend, target, keys)] : []),
  ];
}

function foreignOf({ event, at }: EventToSend, { url }: DeliveryTarget, keys: GoogleKeys): OutgoingDelivery {
  const theirs: SimulatedEvent = { ...event, data: { ...event.data, ...anotherId(event.data['id']) } };
  return {
    id: newId(),
    type: event.type,
    body: bodyOf({ event: theirs, job: undefined, userMetadata: undefined, at }, 'top'),
    target: { url: withoutQuery(url), scheme: 'v1a', isOpen: true, sign: (content) => keys.v1a(content) },
    job: undefined,
    faults: ['foreign'],
    isRetried: false,
  };
}

/** An id of the same form. */
function anotherId(id: unknown): { readonly id?: string } {
  return typeof id === 'string' ? { id: id.replace(/[^/]*$/, randomUUID()) } : {};
}

function bodyOf({ event: { type, data }, userMetadata, at }: EventToSend, metadataAt: 'top' | 'data'): Buffer {
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
