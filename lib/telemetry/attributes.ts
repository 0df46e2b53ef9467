import { GeminiWebhooksError, isInstance } from '../errors.js';
import type { GeminiDeliveryReport } from '../events/delivery-report.js';
import { catalogueType } from '../events/event-catalogue.js';
import type { GeminiEventAttempt } from '../events/event-attempt.js';
import type { TelemetryAttributes } from './telemetry.js';

/** Names of the attributes. Those without our prefix are of OpenTelemetry's semantic conventions. */
export const ATTRIBUTES = {
  system: 'messaging.system',
  operation: 'messaging.operation.name',
  destination: 'messaging.destination.name',
  status: 'http.response.status_code',
  error: 'error.type',
  registration: 'gemini.webhooks.registration',
  receipt: 'gemini.webhooks.receipt',
  strategy: 'gemini.webhooks.strategy',
  eventType: 'gemini.webhooks.event_type',
  handler: 'gemini.webhooks.handler',
  attempt: 'gemini.webhooks.attempt',
  outcome: 'gemini.webhooks.outcome',
  jobKind: 'gemini.webhooks.job_kind',
} as const;

const OTHER = '_OTHER';

/** Returns the attributes with which the span of a delivery ends. It starts with the registration. */
export function answerAttributes(
  { status, code, receipt }: Omit<DeliveryAnswer, 'registration'>,
  delivery?: { readonly strategy: string; readonly event: { readonly type: string } },
): TelemetryAttributes {
  return {
    [ATTRIBUTES.status]: status,
    [ATTRIBUTES.receipt]: receipt,
    [ATTRIBUTES.error]: code,
    [ATTRIBUTES.strategy]: delivery?.strategy,
    [ATTRIBUTES.eventType]: delivery && eventTypeOf(delivery.event),
  };
}

/** Returns the attributes of the count of an answered delivery. */
export function deliveryAttributes({ registration, status, code, receipt }: DeliveryAnswer): TelemetryAttributes {
  return {
    [ATTRIBUTES.registration]: registration,
    [ATTRIBUTES.status]: status,
    ...(receipt && { [ATTRIBUTES.receipt]: receipt }),
    ...(code && { [ATTRIBUTES.error]: code }),
  };
}

type DeliveryAnswer = Pick<GeminiDeliveryReport, 'registration' | 'status' | 'code' | 'receipt'>;

/** Returns the attributes that OpenTelemetry defines for the processing of a message. */
export function messageAttributes({ registration, code }: DeliveryAnswer): TelemetryAttributes {
  return {
    [ATTRIBUTES.system]: 'gemini',
    [ATTRIBUTES.operation]: 'receive',
    [ATTRIBUTES.destination]: registration,
    ...(code && { [ATTRIBUTES.error]: code }),
  };
}

/** Returns the attributes of an attempt that starts. */
export function attemptStartAttributes(
  { registration, event }: { readonly registration: string; readonly event: { readonly type: string } },
  handler: string,
  attempt: number,
): TelemetryAttributes {
  return {
    [ATTRIBUTES.registration]: registration,
    [ATTRIBUTES.handler]: handler,
    [ATTRIBUTES.eventType]: eventTypeOf(event),
    [ATTRIBUTES.attempt]: attempt,
  };
}

/** Returns the attributes of an attempt that has ended. */
export function attemptAttributes({ event, handler, outcome, error }: GeminiEventAttempt): TelemetryAttributes {
  return {
    [ATTRIBUTES.registration]: event.delivery.registration,
    [ATTRIBUTES.handler]: handler,
    [ATTRIBUTES.eventType]: eventTypeOf(event),
    [ATTRIBUTES.outcome]: outcome,
    ...(outcome !== 'succeeded' && { [ATTRIBUTES.error]: errorType(error) }),
  };
}

/** Returns the type of an event of the catalogue. Other types may be any text. */
export function eventTypeOf({ type }: { readonly type: string }): string {
  return catalogueType(type) ?? OTHER;
}

/** Returns our code, or the class of another error. Never its message, which may contain a payload. */
export function errorType(error: unknown): string {
  return isInstance(error, GeminiWebhooksError) ? error.code : exceptionType(error);
}

/** Returns the class name of a thrown value. */
export function exceptionType(error: unknown): string {
  try {
    const { constructor } = Object.getPrototypeOf(error) as { readonly constructor?: { readonly name?: unknown } };
    const name = constructor?.name;
    return typeof name === 'string' && /^[\w$]{1,64}$/.test(name) ? name : OTHER;
  } catch {
    return OTHER;
  }
}
