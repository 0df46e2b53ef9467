import type { IncomingHttpHeaders } from 'node:http';
import { GeminiWebhooksError } from '../errors.js';

/** The three headers of Standard Webhooks 1.0.0, well-formed but not verified. */
export interface SignatureHeaders {
  /** `webhook-id`, as sent. */
  readonly id: string;
  /** `webhook-timestamp`, as sent: the signature covers its characters. */
  readonly timestamp: string;
  /** `webhook-timestamp` as a number of seconds. */
  readonly seconds: number;
  /** Well-formed entries of `webhook-signature`, by scheme, without unknown and malformed ones. */
  readonly signatures: SignatureEntries;
}

/** Entries of `webhook-signature` by scheme. */
export interface SignatureEntries {
  /** HMAC-SHA256, 32 bytes each. */
  readonly v1: readonly Buffer[];
  /** Ed25519, 64 bytes each. */
  readonly v1a: readonly Buffer[];
  /** Compact JWTs. */
  readonly jwt: readonly string[];
}

const ID_MAX_LENGTH = 256;
const SIGNATURE_MAX_LENGTH = 8192;

/** Limits the cryptographic work per request. A rotation needs at most two entries per scheme. */
const MAX_ENTRIES = { v1: 16, v1a: 4, jwt: 2 } as const;

/**
 * Parses the headers strictly.
 *
 * @param headers names in lower case; repeated headers as lists
 * @throws GeminiWebhooksError `missing_header` or `malformed_header`
 */
export function parseSignatureHeaders(headers: IncomingHttpHeaders): SignatureHeaders {
  const id = single(headers, 'webhook-id');
  const timestamp = single(headers, 'webhook-timestamp');
  const signature = single(headers, 'webhook-signature');
  if (id.length > ID_MAX_LENGTH || !/^[\x21-\x7e]+$/.test(id)) throw malformed('webhook-id');
  if (!/^\d{1,16}$/.test(timestamp)) throw malformed('webhook-timestamp');
  if (signature.length > SIGNATURE_MAX_LENGTH) throw malformed('webhook-signature');
  return { id, timestamp, seconds: Number(timestamp), signatures: parseEntries(signature) };
}

/** @throws GeminiWebhooksError `timestamp_out_of_tolerance` */
export function checkTimestamp(seconds: number, toleranceSeconds: number, nowSeconds: number): void {
  if (isRecent(seconds, toleranceSeconds, nowSeconds)) return;
  throw new GeminiWebhooksError(
    'timestamp_out_of_tolerance',
    `The delivery is dated ${Math.round(nowSeconds - seconds)} s before now; toleranceSeconds is ${toleranceSeconds}.`,
  );
}

/** True if a time differs from now by at most the tolerance. */
export function isRecent(seconds: number, toleranceSeconds: number, nowSeconds: number): boolean {
  return Math.abs(nowSeconds - seconds) <= toleranceSeconds;
}

function single(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (value === undefined || value === '') {
    throw new GeminiWebhooksError('missing_header', `The delivery has no ${name} header.`);
  }
  if (typeof value !== 'string') throw malformed(name);
  return value;
}

function parseEntries(header: string): SignatureEntries {
  const v1: Buffer[] = [];
  const v1a: Buffer[] = [];
  const jwt: string[] = [];
  // Nearly all deliveries have one entry; splitting costs more than decoding it.
  for (const entry of header.includes(' ') ? header.split(' ') : [header]) {
    if (entry.startsWith('v1,')) addDecoded(v1, entry.slice(3), 32, MAX_ENTRIES.v1);
    else if (entry.startsWith('v1a,')) addDecoded(v1a, entry.slice(4), 64, MAX_ENTRIES.v1a);
    else if (entry.startsWith('eyJ') && jwt.length < MAX_ENTRIES.jwt) jwt.push(entry);
  }
  return { v1, v1a, jwt };
}

function addDecoded(to: Buffer[], encoded: string, bytes: number, max: number): void {
  // Node's decoder skips characters that are not base64, so check the length before and after decoding.
  const padded = Math.ceil(bytes / 3) * 4;
  if (to.length === max || encoded.length !== padded) return;
  const decoded = Buffer.from(encoded, 'base64');
  if (decoded.length === bytes) to.push(decoded);
}

function malformed(name: string): GeminiWebhooksError {
  return new GeminiWebhooksError('malformed_header', `The delivery's ${name} header is malformed.`);
}
