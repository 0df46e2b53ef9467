/** @import { DeliveryView, FaultName, RunKind, RunStatus, Scheme } from '../page-api.js' */

/** @type {Readonly<Record<RunKind, string>>} */
export const KINDS = { batch: 'Batch', film: 'Long film', research: 'Deep research' };

/** @type {Readonly<Record<RunStatus, string>>} */
export const STATUSES = { running: 'Running', waiting: 'Waiting for you', succeeded: 'Succeeded', failed: 'Failed' };

/** @type {Readonly<Record<DeliveryView['outcome'], string>>} */
export const OUTCOMES = {
  accepted: 'Accepted',
  duplicate: 'Accepted, not handled again',
  refused: 'Refused',
  unavailable: 'Not available',
  polled: 'No webhook came: polling found the end of the job',
};

/** @type {Readonly<Record<Scheme, string>>} */
export const SCHEMES = {
  v1: 'Signed with the static webhook’s secret (Standard Webhooks).',
  v1a: 'Signed with Google’s private key.',
  jwt: 'Came with a JSON Web Token signed by Google.',
  polled: 'Came without a webhook: polling found the end of the job.',
};

/** @type {Readonly<Record<FaultName, { name: string, about: string }>>} */
export const FAULTS = {
  duplicate: { name: 'Sent twice', about: 'You see two deliveries of one event. It is handled once.' },
  lose: { name: 'Lost', about: 'No webhook comes. About 8 s after the start, polling finds the end of the job.' },
  delay: { name: 'Late', about: 'The webhook comes 2.5 s after the end of the job.' },
  forge: { name: 'Forged', about: 'Beside each webhook comes a forged copy. It is refused with 401.' },
  foreign: {
    name: 'Another project’s',
    about: 'Beside each webhook comes one that Google signed for another project. It is refused with 403.',
  },
};
