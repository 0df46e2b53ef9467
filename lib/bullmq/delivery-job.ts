import { createHash } from 'node:crypto';
import { GeminiWebhooksError } from '../errors.js';
import { parseEvent } from '../events/parse-event.js';
import { restoredDelivery, type VerifiedDelivery } from '../events/verified-delivery.js';

/**
 * What is stored of a delivery. What others choose is encoded, the body as base64 and the parameters as JSON in a text:
 * PostgreSQL's jsonb refuses NUL escapes and lone surrogates.
 */
export interface DeliveryJobData {
  /** Of this shape. */
  readonly v: 1;
  readonly key: string;
  readonly id: string;
  readonly registration: string;
  /** Unix milliseconds. */
  readonly attemptedAt: number;
  readonly strategy: string;
  /** The route's parameters, as JSON. */
  readonly params: string;
  /** The event's JSON, without the binding token. */
  readonly body: string;
}

export function toJobData({
  key,
  id,
  registration,
  attemptedAt,
  strategy,
  params,
  body,
}: VerifiedDelivery): DeliveryJobData {
  return {
    v: 1,
    key,
    id,
    registration,
    attemptedAt: attemptedAt.getTime(),
    strategy,
    params: JSON.stringify(params),
    body: body.toString('base64'),
  };
}

/** @throws GeminiWebhooksError `malformed_event` for what this version did not write */
export function fromJobData(data: DeliveryJobData): VerifiedDelivery {
  if (data?.v !== 1) {
    throw new GeminiWebhooksError(
      'malformed_event',
      `The job's data is of version ${JSON.stringify(data?.v)}; this one reads version 1. Update this worker.`,
    );
  }
  const { key, id, registration, attemptedAt, strategy } = data;
  const params = JSON.parse(data.params) as VerifiedDelivery['params'];
  const body = Buffer.from(data.body, 'base64');
  return restoredDelivery(
    { id, registration, attemptedAt: new Date(attemptedAt), strategy, params, body, raw: parseEvent(body) },
    key,
  );
}

/** BullMQ's job id for an event key: neither a number nor with a colon, whatever the key holds. */
export function jobIdOf(key: string): string {
  return `e${createHash('sha256').update(key).digest('base64url')}`;
}

/** The job's name, which dashboards list: the type, whatever an unknown one may hold. PostgreSQL refuses NULs. */
export function jobNameOf({ event }: VerifiedDelivery): string {
  return event.type.slice(0, 100).replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD') || 'unknown';
}
