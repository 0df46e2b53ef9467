import type { SimulatedRequest } from './request-log.js';
import type { SimulatedDelivery } from './webhook-sender.js';

/** A call in one line. */
export function callLine({ operation, name, status }: SimulatedRequest): string {
  return ['call', operation, ...(name === undefined ? [] : [clean(name)]), status === 0 ? 'cut' : status].join(' ');
}

/** An attempt at a delivery in one line. */
export function deliveryLine({ type, url, attempt, status, error, fault, scheme, job }: SimulatedDelivery): string {
  return [
    'delivery',
    type,
    ...(job === undefined ? [] : [clean(job)]),
    `→ ${url}`,
    scheme,
    ...(attempt === 1 ? [] : [`attempt ${attempt}`]),
    ...(fault === undefined ? [] : [`(${fault})`]),
    status ?? `no answer: ${error ?? ''}`,
  ].join(' ');
}

/** A name that the caller has chosen may hold anything. */
function clean(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
