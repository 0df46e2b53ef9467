import type { Relay } from 'bullmq';
import type { RosterEntry } from './handler-roster.js';

/** Topic of accepted events, shared with earlier versions. */
export const EVENTS = 'events';

/** A heartbeat message. `hello` joins and asks peers for an acknowledgement; `goodbye` leaves. */
export interface Heartbeat extends RosterEntry {
  readonly says?: 'hello' | 'goodbye';
}

/** A heartbeat as it arrives. Version 0.1.0 sends no `works`. */
type ReceivedHeartbeat = Omit<Heartbeat, 'works'> & Partial<Pick<Heartbeat, 'works'>>;

/**
 * Reads a heartbeat. In version 0.1.0 only workers send any, acknowledge nobody, and say goodbye by a heartbeat without
 * handlers.
 */
export function readHeartbeat({ works, ...heartbeat }: ReceivedHeartbeat): Heartbeat {
  if (works !== undefined) return { works, ...heartbeat };
  if (heartbeat.handlers.length > 0) return { works: true, isSilent: true, ...heartbeat };
  return { works: false, says: 'goodbye', ...heartbeat };
}

/** True if another process receives events. One of version 0.1.0 that only receives sends no heartbeats. */
export async function receivesElsewhere(relay: Relay<never>): Promise<boolean> {
  const subscriptions = await relay.getSubscriptions({ pattern: EVENTS }, 0, 1);
  return subscriptions.some(({ nodeId }) => nodeId !== relay.nodeId);
}
