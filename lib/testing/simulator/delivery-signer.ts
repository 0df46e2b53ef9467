import { createHmac, sign, type KeyObject } from 'node:crypto';

/** Signature scheme of a delivery. */
export type DeliveryScheme = 'v1' | 'v1a' | 'jwt';

/** Content that a signature covers (Standard Webhooks 1.0.0: id, timestamp and body, joined by dots). */
export interface SignedContent {
  readonly id: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly body: Buffer;
}

/** Signs with HMAC-SHA256: one `v1` entry per valid secret. */
export function signV1(secrets: readonly string[], content: SignedContent): string {
  return secrets
    .map((secret) => Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .map((key) => createHmac('sha256', key).update(bytesOf(content)).digest('base64'))
    .map((digest) => `v1,${digest}`)
    .join(' ');
}

/** Signs with Ed25519: a `v1a` entry, which does not name its key. */
export function signV1a(key: KeyObject, content: SignedContent): string {
  return `v1a,${sign(null, bytesOf(content), key).toString('base64')}`;
}

/** Signs a JWT with RS256 whose claims are the event, as Google documents dynamic deliveries. */
export function signJwt(key: KeyObject, kid: string, claims: Readonly<Record<string, unknown>>): string {
  const content = `${encode({ alg: 'RS256', typ: 'JWT', kid })}.${encode(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

/** Returns well-formed entries of which none verifies. */
export function corrupt(signature: string): string {
  return signature
    .split(' ')
    .map((entry) => entry.slice(0, -8) + (entry.at(-8) === 'A' ? 'B' : 'A') + entry.slice(-7))
    .join(' ');
}

function bytesOf({ id, timestamp, body }: SignedContent): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
