import type { JobsOptions } from 'bullmq';
import { createHash } from 'node:crypto';
import { GeminiWebhooksError } from '../../errors.js';
import { parseEvent } from '../../events/parse-event.js';
import {
  decidedDelivery,
  restoredDelivery,
  type DecidedEvent,
  type VerifiedDelivery,
} from '../../events/verified-delivery.js';
import type { BullmqInboxConfig } from '../bullmq-inbox.options.js';

/**
 * The stored data of a delivery job. Text from outside is encoded, the body as base64 and the parameters as a JSON string,
 * because PostgreSQL's jsonb rejects NUL escapes and lone surrogates.
 */
export interface DeliveryJobData {
  /** Version of this format. */
  readonly v: 1;
  readonly key: string;
  readonly id: string;
  readonly registration: string;
  /** Unix milliseconds. */
  readonly attemptedAt: number;
  readonly strategy: string;
  /** The route parameters, as JSON. */
  readonly params: string;
  /** The event's JSON, without the binding token. */
  readonly body: string;
  /** The event that handlers receive if it differs from the one that was sent, as JSON. */
  readonly decided?: string;
  /**
   * Names of the receiving process's handlers of the event as it was sent: workers must have them. Version 0.2.0 wrote
   * them only in processes without workers, which explains the name; its workers obey them as well.
   */
  readonly idleHandlers?: readonly string[];
  /** Names of the receiving process's handlers, by each type that may be decided. */
  readonly decidedHandlers?: Readonly<Record<string, readonly string[]>>;
  /** Position in the trace of the delivery, as trace headers: about 60 bytes, at most 1 KiB. */
  readonly trace?: Readonly<Record<string, string>>;
}

export function toDeliveryJobData({
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

/** @throws GeminiWebhooksError `malformed_event` if another version of this package wrote the data */
export function fromDeliveryJobData(data: DeliveryJobData): VerifiedDelivery {
  if (data?.v !== 1) {
    throw new GeminiWebhooksError(
      'malformed_event',
      `The delivery job's data has version ${JSON.stringify(data?.v)}, but this worker reads version 1. Update this worker.`,
    );
  }
  const { key, id, registration, attemptedAt, strategy } = data;
  const params = JSON.parse(data.params) as VerifiedDelivery['params'];
  const body = Buffer.from(data.body, 'base64');
  const delivery = restoredDelivery(
    { id, registration, attemptedAt: new Date(attemptedAt), strategy, params, body, raw: parseEvent(body) },
    key,
  );
  return data.decided === undefined ? delivery : decidedDelivery(delivery, JSON.parse(data.decided) as DecidedEvent);
}

/** Returns the stored delivery with the decided event. */
export function withDecision(data: DeliveryJobData, { type, data: fields }: DecidedEvent): DeliveryJobData {
  return { ...data, decided: JSON.stringify({ type, data: fields }) };
}

/** Returns the stored delivery without the names of handlers and the trace, which only workers need. */
export function withoutWorkerData({
  idleHandlers: _idle,
  decidedHandlers: _decided,
  trace: _trace,
  ...data
}: DeliveryJobData): DeliveryJobData {
  return data;
}

/** Returns the BullMQ job id for an event key. It is never a number and has no colon, both of which BullMQ rejects. */
export function deliveryJobId(key: string): string {
  return `e${createHash('sha256').update(key).digest('base64url')}`;
}

/** Returns advice on an id that no event has: `''` if it could be that of one. Deliveries have other ids. */
export function eventIdAdvice(id: string): string {
  if (/^e[\w-]{43}$/.test(id)) return '';
  return ' An event has an id of "e" and 43 characters: the list of failed events and the log line of the failure show it.';
}

/** Returns the job name, which dashboards list: the event type without characters that PostgreSQL rejects. */
export function deliveryJobName({ event }: { readonly event: { readonly type: string } }): string {
  return event.type.slice(0, 100).replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD') || 'unknown';
}

/** Returns the BullMQ options of a delivery job: its id, its attempts, and how long it is kept. */
export function deliveryJobOptions(
  key: string,
  { attempts, backoff, keepCompletedMs, keepFailedMs }: BullmqInboxConfig,
): JobsOptions {
  return {
    jobId: deliveryJobId(key),
    attempts,
    backoff,
    removeOnComplete: { age: Math.ceil(keepCompletedMs / 1000) },
    removeOnFail: { age: Math.ceil(keepFailedMs / 1000) },
  };
}
