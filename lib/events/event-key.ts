import { createHash } from 'node:crypto';
import type { GeminiEventType, GeminiResourceKind } from './event-catalogue.js';
import { resourceId } from './event-resource.js';
import type { GeminiResource } from './gemini-event.js';

/** What an event key is made from. */
export interface EventIdentity {
  readonly registration: string;
  readonly params: Readonly<Record<string, string>>;
  /** The catalogue's type, when the event is of the catalogue. */
  readonly type: GeminiEventType | undefined;
  readonly resource: GeminiResource | undefined;
  /** The job of ours that the binding token names. */
  readonly job: { readonly kind: GeminiResourceKind; readonly id: string } | undefined;
  /** The `webhook-id`, or what stands for it where the signature does not cover the headers. */
  readonly messageId: string;
}

/**
 * The event key: equal for two deliveries exactly when they are the same event. A job ends once, so its id and the
 * catalogue's type name the event; of unknown types, which may repeat, the message id does. Starts with the
 * registration and the route's parameters, so that neither projects nor tenants meet.
 */
export function eventKey({ registration, params, type, resource, job, messageId }: EventIdentity): string {
  const places = Object.keys(params)
    .toSorted()
    .map((name) => `/${part(name)}=${part(params[name] ?? '')}`);
  const where = `${registration}${places.join('')}`;
  if (type && job) return `${where}/job/${job.kind}/${part(job.id)}/${type}`;
  if (type && resource) return `${where}/${resource.kind}/${part(resourceId(resource.name))}/${type}`;
  return `${where}/message/${part(messageId)}`;
}

/** Bounded and unambiguous: what could be mistaken for a separator, or is long, stands as its hash. */
function part(text: string): string {
  return /^[\w.:@+-]{1,128}$/.test(text)
    ? text
    : `~${createHash('sha256').update(text, 'utf16le').digest('base64url')}`;
}

/** The job of ours that an event key names, or `undefined` when a token bound it to none. */
export function jobIdInKey(key: string): string | undefined {
  const [marker, _kind, id] = key.split('/').slice(1).slice(-4);
  return marker === 'job' ? id : undefined;
}
