import { createHmac, createPrivateKey, KeyObject, randomUUID, sign } from 'node:crypto';
import { GeminiWebhooksError, messageOf } from '../errors.js';
import { checkObject, describe } from '../shared/check-object.js';
import { isObject } from '../shared/is-object.js';

/** Fields of all deliveries to sign. */
export interface SignDeliveryBase {
  /**
   * Event: `type` and `data` are enough, missing `version` and `timestamp` are added. A string or a Buffer is sent
   * unchanged, for bodies that Gemini would not send.
   */
  readonly event: { readonly type: string; readonly [field: string]: unknown } | string | Buffer;
  /**
   * The `webhook-id`.
   * @default 'msg_' and a random UUID
   */
  readonly id?: string;
  /**
   * When the delivery is sent.
   * @default now
   */
  readonly timestamp?: Date;
}

/** Delivery of a static webhook: `v1`, HMAC-SHA256 with the webhook's secret. */
export interface SignWithSecret extends SignDeliveryBase {
  /** `whsec_…`; several sign as Gemini does during a rotation. */
  readonly secret: string | readonly string[];
}

/** Delivery of a dynamic webhook, signed with a private key as Google does. */
export interface SignWithPrivateKey extends SignDeliveryBase {
  /** A `KeyObject`, a PEM or a JWK: Ed25519, RSA or P-256. */
  readonly privateKey: KeyObject | string | Readonly<Record<string, unknown>>;
  /**
   * `v1a` signs the body with an Ed25519 key, as observed live; `jwt` makes a token whose claims are the event, as documented.
   * @default 'v1a' for an Ed25519 key, else 'jwt'
   */
  readonly scheme?: 'v1a' | 'jwt';
  /** `kid` in the header of a token. */
  readonly keyId?: string;
  /** Claims of a token besides the event, such as `aud`, `iss` and `exp`. `iat` and `jti` have defaults. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Request to send: `fetch(url, { method: 'POST', headers, body })`. */
export interface SignedDelivery<Body extends string | Buffer = string> {
  readonly headers: Record<'content-type' | 'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>;
  /** A Buffer if the event is a Buffer. */
  readonly body: Body;
}

/**
 * Signs a delivery as Gemini would, for tests of your app. Shares no code with the verifier.
 *
 * @example
 * const { headers, body } = signGeminiDelivery({ event: { type: 'batch.succeeded', data: { id: 'b1' } }, secret });
 * await request(app.getHttpServer()).post('/gemini/webhooks').set(headers).send(body).expect(200);
 *
 * @throws GeminiWebhooksError `invalid_argument` for a key of the wrong type for the signature, and other wrong arguments
 */
export function signGeminiDelivery(
  options: (SignWithSecret | SignWithPrivateKey) & { readonly event: Exclude<SignDeliveryBase['event'], Buffer> },
): SignedDelivery;
export function signGeminiDelivery(options: SignWithSecret | SignWithPrivateKey): SignedDelivery<string | Buffer>;
export function signGeminiDelivery(options: SignWithSecret | SignWithPrivateKey): SignedDelivery<string | Buffer> {
  const owner = 'signGeminiDelivery';
  checkObject(owner, options, { code: 'invalid_argument', todo: 'Give { event, secret } or { event, privateKey }.' });
  const { id = `msg_${randomUUID()}`, timestamp: date = new Date() } = options;
  checkEvent(options.event);
  if (!(date instanceof Date) || Number.isNaN(date.getTime()))
    throw invalidArgument(`timestamp: got ${describe(date)}. Give a valid Date`);
  const timestamp = String(Math.floor(date.getTime() / 1000));
  const body = bodyOf(options.event, date);
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const signature =
    'secret' in options ? hmacEntries(options.secret, signed) : privateKeyEntry(options, signed, body, id, timestamp);
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signature,
    },
    body: Buffer.isBuffer(options.event) ? body : body.toString(),
  };
}

function checkEvent(event: unknown): void {
  if (typeof event === 'string' || Buffer.isBuffer(event) || isObject(event)) return;
  throw invalidArgument(`event: got ${describe(event)}. Give { type, data }, a string or a Buffer`);
}

function bodyOf(event: SignDeliveryBase['event'], date: Date): Buffer {
  if (typeof event === 'string' || Buffer.isBuffer(event)) return Buffer.from(event);
  return Buffer.from(JSON.stringify({ version: 'v1', timestamp: date.toISOString(), ...event }));
}

function hmacEntries(secret: string | readonly string[], signed: Buffer): string {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0 || !secrets.every(isText))
    throw invalidArgument(`secret: got ${describe(secret)}. Give whsec_…, or a list of such secrets`);
  return secrets
    .map((value) =>
      createHmac('sha256', Buffer.from(value.replace(/^whsec_/, ''), 'base64'))
        .update(signed)
        .digest('base64'),
    )
    .map((digest) => `v1,${digest}`)
    .join(' ');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function privateKeyEntry(
  options: SignWithPrivateKey,
  signed: Buffer,
  body: Buffer,
  id: string,
  timestamp: string,
): string {
  const key = privateKeyOf(options.privateKey);
  const scheme = options.scheme ?? (key.asymmetricKeyType === 'ed25519' ? 'v1a' : 'jwt');
  if (scheme === 'jwt') return jwt(key, options, body, id, timestamp);
  if (key.asymmetricKeyType !== 'ed25519')
    throw invalidArgument(`v1a requires an Ed25519 key, not ${key.asymmetricKeyType}`);
  return `v1a,${sign(null, signed, key).toString('base64')}`;
}

function privateKeyOf(key: SignWithPrivateKey['privateKey']): KeyObject {
  if (key instanceof KeyObject) return key;
  try {
    return typeof key === 'string' ? createPrivateKey(key) : createPrivateKey({ key, format: 'jwk' });
  } catch (cause) {
    const given = isObject(key) || typeof key === 'string' ? messageOf(cause) : `got ${describe(key)}`;
    throw invalidArgument(`privateKey: ${given}. Give a KeyObject, a PEM or a JWK`);
  }
}

const JWT_ALGORITHMS: Readonly<Record<string, { readonly alg: string; readonly digest: string | null }>> = {
  rsa: { alg: 'RS256', digest: 'sha256' },
  prime256v1: { alg: 'ES256', digest: 'sha256' },
  ed25519: { alg: 'EdDSA', digest: null },
};

function jwt(
  key: KeyObject,
  { keyId, claims }: SignWithPrivateKey,
  body: Buffer,
  id: string,
  timestamp: string,
): string {
  const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? key.type;
  const algorithm = JWT_ALGORITHMS[kind];
  if (!algorithm) throw invalidArgument(`a JWT requires an RSA, P-256 or Ed25519 key, not ${kind}`);
  const header = encode({ alg: algorithm.alg, typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) });
  const event = JSON.parse(body.toString()) as object;
  const payload = encode({ iat: Number(timestamp), jti: id, ...event, ...claims });
  const signature = sign(algorithm.digest, Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' });
  return `${header}.${payload}.${signature.toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function invalidArgument(message: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `signGeminiDelivery: ${message}.`);
}
