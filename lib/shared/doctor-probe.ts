/** Type of the event that `npx nestjs-gemini-webhooks doctor` sends. No handler runs for it, and the bus does not emit it. */
export const DOCTOR_PROBE_TYPE = 'doctor.check';

/**
 * Response header of a probe, with a `DoctorAnswer` as JSON. Sent only if the signature of the probe verified, so that
 * strangers get no information. A server that responds in place of the app does not send it.
 */
export const DOCTOR_ANSWER_HEADER = 'gemini-webhooks-doctor';

/** Request header of `npx nestjs-gemini-webhooks trigger`: asks which handlers failed for good, which a 200 does not say. */
export const TRIGGER_HEADER = 'gemini-webhooks-trigger';

/** Response header with names of those handlers, at most ten, URL-encoded and with commas. Sent only if the signature verified. */
export const FAILED_HANDLERS_HEADER = 'gemini-webhooks-failed-handlers';

/** Receivers of events in a process. */
export interface Audience {
  /** Distinct patterns of the handlers. */
  readonly handles: readonly string[];
  /** True if the bus has a subscriber now. */
  readonly isHeard: boolean;
  /** True if an inbox of the process runs handlers. */
  readonly hasWorkers: boolean;
  /** For a process that runs none: true if another process does; `undefined` if that is unknown. */
  readonly hasOtherWorkers?: boolean | undefined;
}

/** Report of an app in response to a probe. */
export interface DoctorAnswer extends Audience {
  /** True if dynamic deliveries can be accepted: there is a key set, and a binding key unless binding is off. */
  readonly takesDynamic: boolean;
}

/** True if `doctor` sent the delivery. */
export function isDoctorProbe({ sentType }: { readonly sentType: string }): boolean {
  return sentType === DOCTOR_PROBE_TYPE;
}
