import { createHash } from 'node:crypto';
import type { GeminiEventType, GeminiResourceKind } from './event-catalogue.js';
import { resourceId } from './event-resource.js';
import type { GeminiResource } from './gemini-event.js';

/** Parts of an event key. */
export interface EventIdentity {
  readonly registration: string;
  readonly params: Readonly<Record<string, string>>;
  /** Type in the catalogue; `undefined` for an unknown event. */
  readonly type: GeminiEventType | undefined;
  /** Type that Gemini would have sent, if polling found the outcome and the module's own type differs. */
  readonly announcedAs?: GeminiEventType | undefined;
  readonly resource: GeminiResource | undefined;
  /** Our job in the binding token. */
  readonly job: { readonly kind: GeminiResourceKind; readonly id: string } | undefined;
  /** The `webhook-id`, or its substitute if the signature does not cover the headers. */
  readonly messageId: string;
}

/**
 * Returns the event key. Two deliveries have the same key if and only if they carry the same event. A job ends once, so
 * its id and the catalogue's type identify the event. Unknown types may repeat, so the message id identifies them. The key
 * starts with the module instance and the route's parameters, so that events of different projects and tenants never collide.
 *
 * An interaction generates each video, and Google may report the outcome as either. Therefore all outcomes of our own video
 * job share one key, and without a token both are keyed as the interaction.
 */
export function eventKey({
  registration,
  params,
  type,
  announcedAs = type,
  resource,
  job,
  messageId,
}: EventIdentity): string {
  const where = scopeOf({ registration, params });
  if (type && job) return `${where}/job/${job.kind}/${keyPart(job.id)}/${endOfJob(job.kind, type)}`;
  if (announcedAs && resource) {
    const space = resource.kind === 'video' ? 'interaction' : resource.kind;
    return `${where}/${space}/${keyPart(resourceId(resource.name))}/${outcomeType(announcedAs)}`;
  }
  return `${where}/message/${keyPart(messageId)}`;
}

/** Returns the key under which version 0.1.0 stored the event, if it had another one. A store may still have it. */
export function earlierEventKey({
  type,
  resource,
  job,
  ...scope
}: Omit<EventIdentity, 'messageId'>): string | undefined {
  if (type !== 'video.generated' || job || resource?.kind !== 'video') return undefined;
  return `${scopeOf(scope)}/video/${keyPart(resourceId(resource.name))}/${type}`;
}

function scopeOf({ registration, params }: Pick<EventIdentity, 'registration' | 'params'>): string {
  const segments = Object.keys(params)
    .toSorted()
    .map((name) => `/${keyPart(name)}=${keyPart(params[name] ?? '')}`);
  return `${registration}${segments.join('')}`;
}

/** Version 0.1.0 used `video.generated` in the key of a video job's only event, and both versions may share a queue. */
function endOfJob(kind: GeminiResourceKind, type: GeminiEventType): GeminiEventType {
  if (kind !== 'video') return outcomeType(type);
  return type.endsWith('.lost') ? 'video.lost' : 'video.generated';
}

/** Returns one type for an outcome that Google may report for a video or for its interaction. */
export function outcomeType(type: GeminiEventType): GeminiEventType {
  return INTERACTION_TYPES[type] ?? type;
}

const INTERACTION_TYPES: Readonly<Partial<Record<GeminiEventType, GeminiEventType>>> = {
  'video.generated': 'interaction.completed',
  'video.failed': 'interaction.failed',
  'video.lost': 'interaction.lost',
};

/** Returns a bounded, unambiguous part of a key. Text that is long or could contain a separator is hashed. */
function keyPart(text: string): string {
  return /^[\w.:@+-]{1,128}$/.test(text)
    ? text
    : `~${createHash('sha256').update(text, 'utf16le').digest('base64url')}`;
}

/** Returns the id of our job in an event key, or `undefined` if the key has none. */
export function jobIdInKey(key: string): string | undefined {
  const [marker, _kind, id] = key.split('/').slice(1).slice(-4);
  return marker === 'job' ? id : undefined;
}
