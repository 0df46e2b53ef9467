import type { SignedDelivery, SignWithPrivateKey, SignWithSecret } from '../../testing/sign-delivery.js';
import { signGeminiDelivery } from '../../testing/sign-delivery.js';
import { corrupt } from '../../testing/simulator/delivery-signer.js';
import { isSuccess, type HttpResult } from '../http-response.js';
import type { TriggeredEvent } from './triggered-event.js';

/** Faults that `trigger` can inject. */
export const TRIGGER_FAULTS = ['duplicate', 'forge', 'stale'] as const;
export type TriggerFault = (typeof TRIGGER_FAULTS)[number];

/** Keys to sign deliveries with. */
export type Signer = Pick<SignWithSecret, 'secret'> | Pick<SignWithPrivateKey, 'privateKey' | 'keyId'>;

const STALE_MS = 600_000;

/** Returns the deliveries of one event: one, or two with the same id. */
export function deliveriesOf(
  event: TriggeredEvent,
  signer: Signer,
  fault: TriggerFault | undefined,
): readonly SignedDelivery[] {
  const timestamp = new Date(Date.now() - (fault === 'stale' ? STALE_MS : 0));
  const delivery = signGeminiDelivery({ event, timestamp, ...signer });
  if (fault === 'duplicate') return [delivery, delivery];
  if (fault !== 'forge') return [delivery];
  const signature = corrupt(delivery.headers['webhook-signature']);
  return [{ ...delivery, headers: { ...delivery.headers, 'webhook-signature': signature } }];
}

/** True for the expected response: the app must refuse a fault. */
export function isExpectedResult(result: HttpResult, fault: TriggerFault | undefined): boolean {
  if (fault === 'forge') return result.status === 401;
  if (fault === 'stale') return result.status === 400 && result.code === 'timestamp_out_of_tolerance';
  return isSuccess(result);
}
