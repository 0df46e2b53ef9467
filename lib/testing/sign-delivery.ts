import { createHmac, createPrivateKey, KeyObject, randomUUID, sign, type JsonWebKey } from 'node:crypto';
import { GeminiWebhooksError } from '../errors.js';

/** What all deliveries to be signed have in common. */
export interface SignDeliveryBase {
  /**
   * The event: `type` and `data` are enough. `version` and `timestamp` are added where they are missing. A string or a
   * Buffer is sent as it is, for bodies that Gemini would not send.
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

/** A static webhook's delivery: `v1`, HMAC-SHA256 with the endpoint's secret. */
export interface SignWithSecret extends SignDeliveryBase {
  /** `whsec_…`; several sign as Gemini does while a rotation is under way. */
  readonly secret: string | readonly string[];
}

/** A dynamic webhook's delivery, signed with a private key as Google signs it. */
export interface SignWithPrivateKey extends SignDeliveryBase {
  /** A `KeyObject`, a PEM or a JWK: Ed25519, RSA or P-256. */
  readonly privateKey: KeyObject | string | JsonWebKey;
  /**
   * `v1a` signs the body with an Ed25519 key, as seen live; `jwt` makes a token whose claims are the event, as documented.
   * @default 'v1a' for an Ed25519 key, else 'jwt'
   */
  readonly scheme?: 'v1a' | 'jwt';
  /** Of a token: the `kid` of its header. */
  readonly keyId?: string;
  /** Of a token: `aud`, `iss`, `exp` and the like, beside the event. `iat` and `jti` are set unless given. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What to send: `fetch(url, { method: 'POST', headers, body })`. */
export interface SignedDelivery<Body extends string | Buffer = string> {
  readonly headers: Record<'content-type' | 'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>;
  /** A Buffer when the event was given as one. */
  readonly body: Body;
}

/**
 * Signs a delivery as Gemini would, for tests of your app. Shares no code with the verifier.
 *
 * @example
 * const { headers, body } = signGeminiDelivery({ event: { type: 'batch.succeeded', data: { id: 'b1' } }, secret });
 * await request(app.getHttpServer()).post('/gemini/webhooks').set(headers).send(body).expect(200);
 *
 * @throws GeminiWebhooksError `invalid_argument` for a key that cannot sign so
 */
export function signGeminiDelivery(
  options: (SignWithSecret | SignWithPrivateKey) & { readonly event: Exclude<SignDeliveryBase['event'], Buffer> },
): SignedDelivery;
export function signGeminiDelivery(options: SignWithSecret | SignWithPrivateKey): SignedDelivery<string | Buffer>;
export function signGeminiDelivery(options: SignWithSecret | SignWithPrivateKey): SignedDelivery<string | Buffer> {
  const { id = `msg_${randomUUID()}`, timestamp: date = new Date() } = options;
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

function bodyOf(event: SignDeliveryBase['event'], date: Date): Buffer {
  if (typeof event === 'string' || Buffer.isBuffer(event)) return Buffer.from(event);
  return Buffer.from(JSON.stringify({ version: 'v1', timestamp: date.toISOString(), ...event }));
}

function hmacEntries(secret: string | readonly string[], signed: Buffer): string {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  return secrets
    .map((one) =>
      createHmac('sha256', Buffer.from(one.replace(/^whsec_/, ''), 'base64'))
        .update(signed)
        .digest('base64'),
    )
    .map((digest) => `v1,${digest}`)
    .join(' ');
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
    throw unfit(`v1a is signed with an Ed25519 key, not ${key.asymmetricKeyType}`);
  return `v1a,${sign(null, signed, key).toString('base64')}`;
}

function privateKeyOf(key: SignWithPrivateKey['privateKey']): KeyObject {
  if (key instanceof KeyObject) return key;
  return typeof key === 'string' ? createPrivateKey(key) : createPrivateKey({ key, format: 'jwk' });
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
  if (!algorithm) throw unfit(`a JWT is signed with an RSA, P-256 or Ed25519 key, not ${kind}`);
  const header = encode({ alg: algorithm.alg, typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) });
  const event = JSON.parse(body.toString()) as object;
  const payload = encode({ iat: Number(timestamp), jti: id, ...event, ...claims });
  const signature = sign(algorithm.digest, Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' });
  return `${header}.${payload}.${signature.toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function unfit(what: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_argument', `signGeminiDelivery: ${what}.`);
}
