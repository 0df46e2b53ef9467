import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Gemini as an app sees it: an endpoint's secret, a key set on loopback, and deliveries signed by hand. */
export class Gemini {
  readonly secret = `whsec_${randomBytes(32).toString('base64')}`;
  readonly #ed25519 = [0, 1, 2].map(() => generateKeyPairSync('ed25519'));
  readonly #rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #keySet = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.#keys() }));
  });

  async start(): Promise<{ jwksUrl: string }> {
    await new Promise<void>((resolve) => this.#keySet.listen(0, '127.0.0.1', resolve));
    return { jwksUrl: `http://127.0.0.1:${(this.#keySet.address() as AddressInfo).port}/jwks.json` };
  }

  stop(): void {
    this.#keySet.close();
    this.#keySet.closeAllConnections();
  }

  /** A static webhook's delivery. */
  v1(body: string, secret = this.secret): Delivery {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return signed(body, (content) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`);
  }

  /** A dynamic webhook's delivery as seen live: by one of three keys, which it does not name. */
  v1a(body: string): Delivery {
    return signed(
      body,
      (content) => `v1a,${sign(null, Buffer.from(content), this.#ed25519[1].privateKey).toString('base64')}`,
    );
  }

  /** A dynamic webhook's delivery as documented: the event is the token's claims. */
  jwt(claims: object): Delivery {
    const iat = Math.floor(Date.now() / 1000);
    const token = [
      { alg: 'RS256', kid: 'rsa' },
      { ...claims, iat },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(token), this.#rsa.privateKey).toString('base64url');
    return signed('{}', () => `${token}.${signature}`);
  }

  #keys(): object[] {
    const jwk = (key: KeyObject, kid: string, alg: string) => ({
      ...key.export({ format: 'jwk' }),
      kid,
      alg,
      use: 'sig',
    });
    return [
      ...this.#ed25519.map(({ publicKey }, index) => jwk(publicKey, `ed-${index}`, 'EdDSA')),
      jwk(this.#rsa.publicKey, 'rsa', 'RS256'),
    ];
  }
}

function signed(body: string, signatureOf: (content: string) => string): Delivery {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(`${id}.${timestamp}.${body}`),
    },
    body,
  };
}
