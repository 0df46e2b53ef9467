import type { SignedDelivery, SignWithPrivateKey, SignWithSecret } from '../../testing/sign-delivery.js';
import { signGeminiDelivery } from '../../testing/sign-delivery.js';
import { spoilt } from '../../testing/simulator/delivery-signer.js';
import { isSuccess, type Answer } from '../answer.js';
import type { TriggeredEvent } from './triggered-event.js';

/** What can be wrong with deliveries on purpose. */
export const TRIGGER_FAULTS = ['duplicate', 'forge', 'stale'] as const;
export type TriggerFault = (typeof TRIGGER_FAULTS)[number];

/** What deliveries are signed with. */
export type Signer = Pick<SignWithSecret, 'secret'> | Pick<SignWithPrivateKey, 'privateKey' | 'keyId'>;

const STALE_MS = 600_000;

/** What is sent for one event: one delivery, or two of one id. */
export function deliveriesOf(
  event: TriggeredEvent,
  signer: Signer,
  fault: TriggerFault | undefined,
): readonly SignedDelivery[] {
  const timestamp = new Date(Date.now() - (fault === 'stale' ? STALE_MS : 0));
  const delivery = signGeminiDelivery({ event, timestamp, ...signer });
  if (fault === 'duplicate') return [delivery, delivery];
  if (fault !== 'forge') return [delivery];
  const signature = spoilt(delivery.headers['webhook-signature']);
  return [{ ...delivery, headers: { ...delivery.headers, 'webhook-signature': signature } }];
}

/** Whether the answer is the right one: a fault must be refused. */
export function isRightAnswer(answer: Answer, fault: TriggerFault | undefined): boolean {
  if (fault === 'forge') return answer.status === 401;
  if (fault === 'stale') return answer.status === 400 && answer.word === 'timestamp_out_of_tolerance';
  return isSuccess(answer);
}
