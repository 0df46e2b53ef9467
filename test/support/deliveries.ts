import { verifiedDelivery, type DeliveryFacts, type VerifiedDelivery } from '../../lib/events/verified-delivery.js';
import { bodyOf } from './senders.js';

/** A delivery as the receiver passes it on. The same `id` means the same event. */
export function deliveryOf({
  type = 'batch.succeeded',
  id = 'batch_1',
  params = {},
  job,
}: { type?: string; id?: string } & Partial<Pick<DeliveryFacts, 'params' | 'job'>> = {}): VerifiedDelivery {
  const body = bodyOf(type, { id });
  return verifiedDelivery({
    id: `msg_${id}`,
    registration: 'default',
    attemptedAt: new Date('2026-01-22T12:00:00Z'),
    strategy: 'hmac',
    params,
    job,
    raw: JSON.parse(body) as { type: string },
    body: Buffer.from(body),
  });
}
