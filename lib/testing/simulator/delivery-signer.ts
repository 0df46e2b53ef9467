import { createHmac, sign, type KeyObject } from 'node:crypto';

/** How a delivery is signed. */
export type DeliveryScheme = 'v1' | 'v1a' | 'jwt';

/** What a delivery's signature covers (Standard Webhooks 1.0.0: id, timestamp and body, joined by dots). */
export interface SignedContent {
  readonly id: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly body: Buffer;
}

/** `v1`: HMAC-SHA256, one entry for each secret that is valid. */
export function signV1(secrets: readonly string[], content: SignedContent): string {
  return secrets
    .map((secret) => Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .map((key) => createHmac('sha256', key).update(bytesOf(content)).digest('base64'))
    .map((digest) => `v1,${digest}`)
    .join(' ');
}

/** `v1a`: Ed25519. The entry does not say with which key. */
export function signV1a(key: KeyObject, content: SignedContent): string {
  return `v1a,${sign(null, bytesOf(content), key).toString('base64')}`;
}

/** A JWT by RS256, as Google documents dynamic deliveries: the event is its claims. */
export function signJwt(key: KeyObject, kid: string, claims: Readonly<Record<string, unknown>>): string {
  const content = `${encoded({ alg: 'RS256', typ: 'JWT', kid })}.${encoded(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

/** The same entries, none of which verifies. */
export function spoilt(signature: string): string {
  return signature
    .split(' ')
    .map((entry) => entry.slice(0, -8) + (entry.at(-8) === 'A' ? 'B' : 'A') + entry.slice(-7))
    .join(' ');
}

function bytesOf({ id, timestamp, body }: SignedContent): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
