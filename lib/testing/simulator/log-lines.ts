import type { SimulatedRequest } from './request-log.js';
import type { SimulatedDelivery } from './webhook-sender.js';

/** Formats a call as one line. */
export function callLine({ operation, name, status }: SimulatedRequest): string {
  return ['call', operation, ...(name === undefined ? [] : [printable(name)]), status === 0 ? 'cut' : status].join(' ');
}

/** Formats a delivery attempt as one line. */
export function deliveryLine({ type, url, attempt, status, error, fault, scheme, job }: SimulatedDelivery): string {
  return [
    'delivery',
    type,
    ...(job === undefined ? [] : [printable(job)]),
    `→ ${url}`,
    scheme,
    ...(attempt === 1 ? [] : [`attempt ${attempt}`]),
    ...(fault === undefined ? [] : [`(${fault})`]),
    status ?? `no answer: ${error ?? ''}`,
  ].join(' ');
}

/** Names may come from the caller and contain any character. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
