import type { GeminiDeliveryErrorCode } from '../errors.js';

/** A delivery that this process has answered, accepted or refused, emitted by `GeminiEventBus.deliveries$`. */
export interface GeminiDeliveryReport {
  /** Name of the module instance. */
  readonly registration: string;
  /** Status of the response. */
  readonly status: number;
  /** Why it was refused; absent if it was accepted. */
  readonly code?: GeminiDeliveryErrorCode;
  /** What an accepted delivery was: `processed`, `accepted`, or a `duplicate` of an earlier one. */
  readonly receipt?: 'processed' | 'duplicate' | 'accepted';
  /** Strategy that verified it, as in `event.delivery`. Absent, as `id` and `type`, if it was not verified. */
  readonly strategy?: string;
  /** `webhook-id` of the delivery. */
  readonly id?: string;
  /** Type of the event. */
  readonly type?: string;
  /** From the arrival of the whole body to the response, in milliseconds. 0 if it was refused before that. */
  readonly durationMs: number;
}
