import { catalogueType } from '../../events/event-catalogue.js';
import { matchesPattern } from '../../events/event-pattern.js';
import type { GeminiEventPattern } from '../../events/gemini-event.js';
import { DOCTOR_PROBE_TYPE } from '../../shared/doctor-probe.js';
import { signGeminiDelivery } from '../../testing/sign-delivery.js';
import { sendRequest } from '../http-response.js';
import { printable } from '../table.js';
import type { Signer } from './deliveries.js';

/**
 * Asks the app for its handlers with doctor's probe, which needs a valid signature.
 *
 * @returns a warning if no method of the app handles events of that type
 */
export async function unhandledWarning(
  type: string,
  { to, signer, fetch }: { readonly to: URL; readonly signer: Signer; readonly fetch: typeof globalThis.fetch },
): Promise<string | undefined> {
  const { headers, body } = signGeminiDelivery({ event: { type: DOCTOR_PROBE_TYPE, data: {} }, ...signer });
  const { doctor } = await sendRequest(to, { method: 'POST', headers, body }, fetch);
  if (!doctor) return undefined;
  // A process without workers leaves the events to the handlers of others.
  if (!doctor.hasWorkers) return doctor.hasOtherWorkers === false ? NO_WORKER : undefined;
  const { handles, isHeard } = doctor;
  if (matchesPattern(catalogueType(type) ?? type, handles as readonly GeminiEventPattern[])) return undefined;
  const others = handles.length > 0 ? `Its handlers receive ${printable(handles.join(', '))}.` : 'It has no handlers.';
  const result = isHeard ? 'only subscribers of GeminiEventBus receive it' : 'nothing ran';
  return `No handler of the app receives ${type}, so ${result}. ${others} The response does not say this: for Gemini, the event is done.`;
}

const NO_WORKER =
  'This process only receives (workers: false), and no worker serves its inbox: the event is stored, but no handler runs.';
