import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GeminiWebhooksError, messageOf } from '../../errors.js';

const KEY_ID = 'trigger';

/** A signing key, and the URL where an app can fetch its public half. */
export interface KeySetServer {
  readonly privateKey: KeyObject;
  readonly keyId: string;
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a key set of one key on 127.0.0.1. */
export async function serveKeySet(privateKey: KeyObject, port: number): Promise<KeySetServer> {
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: KEY_ID, use: 'sig' };
  const keySet = JSON.stringify({ keys: [jwk] });
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(keySet);
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    privateKey,
    keyId: KEY_ID,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** Reads a private key from a PEM file, or generates one. @throws GeminiWebhooksError `invalid_argument` */
export function privateKeyFrom(path: string | undefined): KeyObject {
  if (path === undefined) return generateKeyPairSync('ed25519').privateKey;
  try {
    return createPrivateKey(readFileSync(path));
  } catch (cause) {
    throw new GeminiWebhooksError(
      'invalid_argument',
      `--private-key: ${messageOf(cause)}. Generate one: openssl genpkey -algorithm ed25519 -out key.pem`,
      { cause },
    );
  }
}
