import { GEMINI_EVENTS } from '../../events/event-catalogue.js';
import { invalidArgument, listOf, optionalString, requiredObject } from './request-fields.js';
import { WEBHOOK_STATES, type WebhookChanges, type WebhookFields, type WebhookState } from './static-webhook.js';

/** Parses the fields of `webhooks.create`. @throws ApiError `INVALID_ARGUMENT` */
export function webhookFields(json: unknown): WebhookFields {
  const body = requiredObject(json, 'webhook');
  return {
    ...(body['name'] !== undefined && READERS.name(body['name'])),
    uri: uriIn(body['uri']),
    subscribed_events: eventsIn(body['subscribed_events']),
  };
}

/**
 * Parses the changes of `webhooks.update`: without a mask, all given fields (google.protobuf.FieldMask).
 *
 * @throws ApiError `INVALID_ARGUMENT`
 */
export function webhookChanges(json: unknown, mask: string | null): WebhookChanges {
  const body = requiredObject(json, 'webhook');
  const fields = mask === null || mask === '' ? Object.keys(body) : mask.split(',').map((field) => field.trim());
  const changes = fields.map((field) => {
    if (!isChangeable(field)) throw invalidArgument(`Invalid update_mask or field: ${field}`);
    return READERS[field](body[field]);
  });
  return Object.assign({}, ...changes) as WebhookChanges;
}

const READERS = {
  name: (value: unknown) => ({ name: optionalString(value, 'name') }),
  uri: (value: unknown) => ({ uri: uriIn(value) }),
  subscribed_events: (value: unknown) => ({ subscribed_events: eventsIn(value) }),
  state: (value: unknown) => ({ state: stateIn(value) }),
} satisfies Record<keyof WebhookChanges, (value: unknown) => WebhookChanges>;

function isChangeable(field: string): field is keyof typeof READERS {
  return Object.hasOwn(READERS, field);
}

function uriIn(value: unknown): string {
  const protocol = typeof value === 'string' && URL.canParse(value) ? new URL(value).protocol : undefined;
  if (protocol !== 'https:' && protocol !== 'http:') throw invalidArgument(`Invalid uri: ${String(value)}`);
  return value as string;
}

function stateIn(value: unknown): WebhookState {
  const state = WEBHOOK_STATES.find((known) => known === value);
  if (state === undefined) throw invalidArgument(`Invalid state: ${String(value)}`);
  return state;
}

/** Parses event types. Gemini refuses subscriptions to two types that it sends (live). */
function eventsIn(value: unknown): readonly string[] {
  const events = listOf(value, 'subscribed_events');
  if (events.length === 0) throw invalidArgument('subscribed_events must not be empty');
  return events.map((event) => {
    if (typeof event === 'string' && isSubscribable(event)) return event;
    throw invalidArgument(`Invalid subscribed_events: ${String(event)}`);
  });
}

function isSubscribable(type: string): boolean {
  return Object.entries(GEMINI_EVENTS).some(([name, { subscribable }]) => name === type && subscribable);
}
