import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { generateKeyPairSync, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { signJwt, signV1, signV1a, corrupt } from '../../../../lib/testing/simulator/delivery-signer.js';
import { newSecret, seconds } from '../../../support/senders.js';

const body = Buffer.from('{"type":"batch.succeeded","data":{"id":"ä"}}');
const content = { id: 'msg_1', timestamp: seconds(new Date()), body };
const signed = Buffer.concat([Buffer.from(`msg_1.${content.timestamp}.`), body]);

const verifies = (secret: string, signature: string): boolean => {
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(content.timestamp),
    'webhook-signature': signature,
  };
  try {
    return new Webhook(secret).verify(body, headers) !== undefined;
  } catch {
    return false;
  }
};

describe('signV1', () => {
  it('creates one entry per secret, which the standardwebhooks package verifies', () => {
    const [first, second] = [newSecret(), newSecret()];
    const signature = signV1([first, second], content);

    expect(signature.split(' ')).toHaveLength(2);
    expect([first, second, newSecret()].map((secret) => verifies(secret, signature))).toEqual([true, true, false]);
  });
});

describe('signV1a', () => {
  it('creates an entry that an Ed25519 key verifies', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const [prefix, entry = ''] = signV1a(privateKey, content).split(',');

    expect(prefix).toBe('v1a');
    expect(verify(null, signed, publicKey, Buffer.from(entry, 'base64'))).toBe(true);
  });
});

describe('signJwt', () => {
  it('creates a token that jose verifies', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const token = signJwt(privateKey, 'k1', { type: 'video.generated' });

    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: 'k1' });
    expect((await jwtVerify(token, publicKey)).payload).toEqual({ type: 'video.generated' });
  });
});

describe('corrupt', () => {
  it('returns well-formed entries of which none verifies', () => {
    for (let times = 0; times < 50; times += 1) {
      const secrets = [newSecret(), newSecret()];
      const signature = signV1(secrets, content);

      expect(secrets.map((secret) => verifies(secret, corrupt(signature)))).toEqual([false, false]);
      expect(corrupt(signature)).toHaveLength(signature.length);
    }
  });
});
