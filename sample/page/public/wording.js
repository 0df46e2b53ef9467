/** @import { DeliveryScheme, DeliveryView, FaultName, TimelineEntry, WorkflowKind, WorkflowStatus } from '../page-api.js' */

/** @type {Readonly<Record<WorkflowKind, string>>} */
export const KIND_WORDS = { batch: 'Batch', film: 'Long film', research: 'Deep research' };

/** @type {Readonly<Record<WorkflowStatus, string>>} */
export const STATUS_WORDS = {
  running: 'Running',
  waiting: 'Waiting for you',
  succeeded: 'Succeeded',
  failed: 'Failed',
};

/** @type {Readonly<Record<TimelineEntry['kind'], string>>} */
export const ENTRY_WORDS = { sent: 'Sent', event: 'Event', handled: 'Handled', failed: 'Failed', note: 'Note' };

/** @type {Readonly<Record<DeliveryView['outcome'], string>>} */
export const OUTCOME_WORDS = {
  accepted: 'Accepted',
  duplicate: 'Duplicate',
  refused: 'Refused',
  unavailable: 'Unavailable',
};

/** @type {Readonly<Record<DeliveryScheme, string>>} */
export const SCHEME_WORDS = {
  v1: 'Signed with the endpoint’s secret, as Standard Webhooks has it.',
  v1a: 'Signed with Google’s private key, checked with its public one.',
  jwt: 'A JSON Web Token signed by Google came with it.',
  reconciled: 'No webhook came in time, so the app asked Gemini how the job ended.',
};

/** Why a delivery was not taken, for a person. @type {Readonly<Record<string, string>>} */
export const CODE_WORDS = {
  missing_header: 'It came without the headers of a signed webhook.',
  malformed_header: 'A header of its signature cannot be read.',
  timestamp_out_of_tolerance: 'It was signed too long ago, or in the future.',
  malformed_event: 'It is signed, but what it says is no event.',
  signature_mismatch: 'The signature does not match the bytes: somebody made it up.',
  unbound_delivery: 'Google signed it, but for somebody else’s job.',
  request_timeout: 'It took too long to arrive.',
  body_too_large: 'It is larger than any event.',
  unsupported_media_type: 'It is not JSON.',
  handler_failed: 'A handler failed, so Gemini is asked to send it again.',
  raw_body_unavailable: 'Its exact bytes were not kept, so nothing could be checked.',
  still_processing: 'An earlier copy is being handled. Gemini sends it again.',
  keys_unavailable: 'Google’s keys could not be loaded. Gemini sends it again.',
  inbox_unavailable: 'The inbox could not store it. Gemini sends it again.',
};

/** @type {Readonly<Record<FaultName, { label: string, about: string }>>} */
export const FAULT_WORDS = {
  duplicate: {
    label: 'Webhooks come twice',
    about: 'You see two deliveries, handled once.',
  },
  lose: {
    label: 'Webhooks get lost',
    about: 'You see a reconciled event, after a while.',
  },
  delay: {
    label: 'Webhooks come late',
    about: 'You see workflows wait, then go on.',
  },
  forge: {
    label: 'Somebody forges webhooks',
    about: 'You see forged copies refused beside them.',
  },
  foreign: {
    label: 'Another project’s webhooks',
    about: 'You see them refused, signed as they are.',
  },
};
