import { createHmac } from 'node:crypto';
import type { GoogleKeys } from '../../../support/senders.js';
import type { Choices, HeaderLines } from './attack.js';

/** What attackers know and what they do not: the app's secret, to sign deliveries that must be refused all the same. */
export interface Stolen {
  readonly secret: string;
  readonly google: GoogleKeys;
  readonly audience: string;
  readonly issuer: string;
  readonly bodyLimitBytes: number;
}

/** A delivery before an attack changes it. */
export interface Plain {
  readonly headers: HeaderLines;
  readonly body: Buffer;
}

/** A delivery that the app would accept as it is: only what is wrong with its transport or form can refuse it. */
export function authentic(stolen: Stolen, choices: Choices, body = eventOf(choices)): Plain {
  return signed(stolen.secret, choices, body);
}

/** A delivery that only lacks the right secret. */
export function forged(choices: Choices, body = eventOf(choices)): Plain {
  return signed(`whsec_${choices.bytes(24).toString('base64')}`, choices, body);
}

/** An event's body, with the id by which the app recognises an attacker. */
export function eventOf(choices: Choices, padding = choices.below(300)): Buffer {
  const data = { id: `attacker-${choices.text(12, '0123456789abcdef')}`, padding: 'x'.repeat(padding) };
  return Buffer.from(JSON.stringify({ type: 'batch.succeeded', version: 'v1', data }));
}

/** Signs a body, as any bytes. */
export function signed(
  secret: string,
  choices: Choices,
  body: Buffer,
  { id = `msg_${choices.text(16, '0123456789abcdef')}`, seconds = Math.floor(Date.now() / 1000) } = {},
): Plain {
  return { headers: headersOf(body, id, seconds, hmacOf(secret, id, seconds, body)), body };
}

export function hmacOf(secret: string, id: string, seconds: number, body: Buffer): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64')}`;
}

export function headersOf(body: Buffer, id: string, seconds: number, signature: string): HeaderLines {
  return [
    ['host', 'app.example.com'],
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
    ['webhook-id', id],
    ['webhook-timestamp', String(seconds)],
    ['webhook-signature', signature],
  ];
}
