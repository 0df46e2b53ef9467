import { SignJWT, type JWTPayload } from 'jose';
import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign, type KeyObject } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** Signs deliveries with code that is not ours: `standardwebhooks`, Node's own crypto, `jose`. */
export interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface DeliveryOptions {
  readonly id?: string;
  readonly date?: Date;
}

export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** An event's body as Gemini sends it. */
export function bodyOf(type: string, data: object = {}, rest: object = {}): string {
  return JSON.stringify({ type, version: 'v1', timestamp: '2026-01-22T12:00:00Z', data, ...rest });
}

export function withHmac(
  secret: string,
  body: string,
  { id = `msg_${randomUUID()}`, date = new Date() }: DeliveryOptions = {},
): Delivery {
  return { headers: headers(id, date, new Webhook(secret).sign(id, date, body)), body };
}

/** The same for bodies that are not text, computed by hand. */
export function hmacEntry(secret: string, id: string, timestamp: string | number, body: string | Buffer): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}

export function withEd25519(
  key: KeyObject,
  body: string,
  { id = `msg_${randomUUID()}`, date = new Date() }: DeliveryOptions = {},
): Delivery {
  const signature = sign(null, Buffer.from(`${id}.${seconds(date)}.${body}`), key).toString('base64');
  return { headers: headers(id, date, `v1a,${signature}`), body };
}

export async function withJwt(
  key: KeyObject,
  claims: JWTPayload,
  {
    id = `msg_${randomUUID()}`,
    date = new Date(),
    alg = 'RS256',
    kid,
    body = '{}',
  }: DeliveryOptions & { alg?: string; kid?: string; body?: string } = {},
): Promise<Delivery> {
  const token = await new SignJWT(claims).setProtectedHeader({ alg, ...(kid !== undefined && { kid }) }).sign(key);
  return { headers: headers(id, date, token), body };
}

export function headers(id: string, date: Date, signature: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds(date)),
    'webhook-signature': signature,
  };
}

export function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** Google's side of dynamic webhooks: three Ed25519 keys without `kid` in the signatures, and an RSA and a P-256 key. */
export class GoogleKeys {
  readonly ed25519 = [0, 1, 2].map(() => generateKeyPairSync('ed25519'));
  readonly rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  get keySet(): { keys: Record<string, unknown>[] } {
    const jwk = (key: KeyObject, rest: object) => ({ ...key.export({ format: 'jwk' }), use: 'sig', ...rest });
    return {
      keys: [
        ...this.ed25519.map(({ publicKey }, index) => jwk(publicKey, { kid: `ed-${index}`, alg: 'EdDSA' })),
        jwk(this.rsa.publicKey, { kid: 'rsa-0', alg: 'RS256' }),
        jwk(this.p256.publicKey, { kid: 'p256-0', alg: 'ES256' }),
      ],
    };
  }

  /** One of the Ed25519 private keys. */
  key(index = 0): KeyObject {
    return this.ed25519[index]!.privateKey;
  }
}
