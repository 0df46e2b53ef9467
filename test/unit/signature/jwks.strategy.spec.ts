import { beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { jwksConfig, type JwksConfig } from '../../../lib/config/jwks.config.js';
import { JwksStrategy } from '../../../lib/signature/jwks.strategy.js';
import { importKeys, KeySet, type Keys } from '../../../lib/signature/key-set.js';
import { bodyOf, GoogleKeys, seconds, withEd25519, withJwt, type Delivery } from '../../support/senders.js';
import { codeOf, parsedHeaders } from '../../support/verifying.js';

const google = new GoogleKeys();
const rotated = new GoogleKeys();
const config = jwksConfig({ keySet: google.keySet }, {}) as JwksConfig;
const body = bodyOf('video.generated', { id: 'v1' });

let tried: number[];
let strategy: JwksStrategy;

beforeEach(() => {
  tried = [];
  strategy = new JwksStrategy(config, 300, new KeySetInHand(watched(google)));
});

const verify = (delivery: Delivery, by = strategy) =>
  by.verifyBody(parsedHeaders(delivery), Buffer.from(delivery.body));

/** Returns the keys that the strategy tried for a delivery, in order. */
async function triesFor(delivery: Delivery): Promise<number[]> {
  tried = [];
  await verify(delivery);
  return tried;
}

describe('JwksStrategy.verifyBody', () => {
  it.each([0, 1, 2])('verifies a signature of key %i of three without a key id', async (index) => {
    expect(await verify(withEd25519(google.key(index), body))).toBe(true);
  });

  it('tries the key that verified last before the others', async () => {
    expect(await triesFor(withEd25519(google.key(2), body))).toEqual([0, 1, 2]);
    expect(await triesFor(withEd25519(google.key(2), body))).toEqual([2]);
    expect(await triesFor(withEd25519(google.key(1), body))).toEqual([2, 0, 1]);
    expect(await triesFor(withEd25519(google.key(1), body))).toEqual([1]);
    expect(await triesFor(withEd25519(rotated.key(), body))).toEqual([1, 0, 2]);
  });

  it('does not let a forged delivery change which key is tried first', async () => {
    await verify(withEd25519(google.key(2), body));
    await verify(withEd25519(rotated.key(0), body));

    expect(await triesFor(withEd25519(google.key(2), body))).toEqual([2]);
  });

  it.each([
    ['another key', () => withEd25519(generateKeyPairSync('ed25519').privateKey, body)],
    ['another body', () => ({ ...withEd25519(google.key(), body), body: `${body} ` })],
    ['another id', () => changed('webhook-id', 'msg_other')],
    ['another second', () => changed('webhook-timestamp', '1')],
    ['no entry', () => changed('webhook-signature', 'v2,x')],
  ])('does not verify a signature of %s', async (_, delivery) => {
    expect(await verify(delivery())).toBe(false);
  });

  it('verifies if one of several entries does', async () => {
    const good = withEd25519(google.key(1), body);
    const other = withEd25519(rotated.key(), body).headers['webhook-signature'];
    const entries = `v1,x ${other} ${good.headers['webhook-signature']}`;

    expect(await verify({ ...good, headers: { ...good.headers, 'webhook-signature': entries } })).toBe(true);
  });

  it('fetches no keys without a v1a entry', async () => {
    const withoutKeys = new JwksStrategy(config, 300, new KeySetInHand(undefined));

    expect(await verify(changed('webhook-signature', 'v1,x'), withoutKeys)).toBe(false);
    expect(await codeOf(() => verify(withEd25519(google.key(), body), withoutKeys)).catch(String)).toContain('no keys');
  });

  it('fetches newer keys for a signature of an unknown key', async () => {
    const keySet = new KeySetInHand(importKeys(google.keySet as never), importKeys(rotated.keySet as never));

    expect(await verify(withEd25519(rotated.key(1), body), new JwksStrategy(config, 300, keySet))).toBe(true);
  });

  it('does not verify with keys that are no longer published', async () => {
    const keySet = new KeySetInHand(importKeys(google.keySet as never));
    const one = new JwksStrategy(config, 300, keySet);
    expect(await verify(withEd25519(google.key(), body), one)).toBe(true);

    keySet.now = importKeys(rotated.keySet as never);

    expect(await verify(withEd25519(google.key(), body), one)).toBe(false);
    expect(await verify(withEd25519(rotated.key(), body), one)).toBe(true);
  });
});

describe('JwksStrategy.verifyToken', () => {
  const claims = { type: 'batch.succeeded', iat: seconds(new Date()) };
  const verifyToken = async (delivery: Delivery, keySet: KeySet) =>
    new JwksStrategy(config, 300, keySet).verifyToken(parsedHeaders(delivery), seconds(new Date()));
  const [known, newer] = [importKeys(google.keySet as never), importKeys(withOtherIds(rotated) as never)];

  it('fetches newer keys for a token of an unknown key', async () => {
    const token = await withJwt(rotated.rsa.privateKey, claims, { kid: 'new-rsa-0' });

    expect(await verifyToken(token, new KeySetInHand(known, newer))).toMatchObject({ claims });
    expect(await verifyToken(token, new KeySetInHand(known, known))).toBeUndefined();
    expect(await verifyToken(token, new KeySetInHand(known))).toBeUndefined();
  });

  it.each(['eyJ', 'eyJ.b', 'eyJ!.eyJ.b.c', 'eyJ.b.c!', 'eyJ.b.c.d'])(
    'fetches no keys for the malformed token %s',
    async (token) => {
      expect(await verifyToken(changed('webhook-signature', token), new KeySetInHand(undefined))).toBeUndefined();
    },
  );
});

function withOtherIds({ keySet }: GoogleKeys): { keys: object[] } {
  return { keys: keySet.keys.map((key) => ({ ...key, kid: `new-${String(key['kid'])}` })) };
}

/** Keys from the test, without a server. */
class KeySetInHand extends KeySet {
  now: Keys | undefined;
  readonly #later: Keys | undefined;

  constructor(now: Keys | undefined, later?: Keys) {
    super(config);
    this.now = now;
    this.#later = later;
  }

  override async keys(): Promise<Keys> {
    if (!this.now) throw new Error('no keys');
    return this.now;
  }

  override async keysAfter(): Promise<Keys | undefined> {
    return this.#later;
  }
}

/** Keys that record when node:crypto reads them. */
function watched({ ed25519 }: GoogleKeys): Keys {
  const keys = ed25519.map(({ publicKey }, index) => ({
    get key(): KeyObject {
      tried.push(index);
      return publicKey;
    },
  }));
  return { ...importKeys(google.keySet as never), ed25519: keys as unknown as KeyObject[] };
}

function changed(name: string, value: string): Delivery {
  const delivery = withEd25519(google.key(), body);
  return { ...delivery, headers: { ...delivery.headers, [name]: value } };
}
