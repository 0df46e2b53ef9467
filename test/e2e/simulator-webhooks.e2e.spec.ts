import { GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { GeminiSimulator, type GeminiSimulatorOptions } from '../../lib/testing/index.js';
import { closeSinks, startSink, type ReceivedDelivery, type WebhookSink } from '../support/webhook-sink.js';

const HOUR_MS = 3_600_000;
const MODEL = 'gemini-3.8-flash';

const running: GeminiSimulator[] = [];

async function start(options: GeminiSimulatorOptions = {}) {
  const gemini = await GeminiSimulator.start({ time: 'manual', ...options });
  running.push(gemini);
  return { gemini, ai: new GoogleGenAI(gemini.clientOptions), sink: await startSink() };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((gemini) => gemini.close()));
  await closeSinks();
});

/** Runs a batch to its end, so that its event is sent. */
async function runBatch(
  { gemini, ai }: { readonly gemini: GeminiSimulator; readonly ai: GoogleGenAI },
  webhookConfig?: { uris: string[]; userMetadata?: Record<string, unknown> },
): Promise<string> {
  const { name = '' } = await ai.batches.create({
    model: MODEL,
    src: [{ contents: 'hello' }],
    ...(webhookConfig && { config: { webhookConfig } }),
  });
  await gemini.advance(2000);
  return name;
}

async function subscribed({ ai, sink }: { readonly ai: GoogleGenAI; readonly sink: WebhookSink }) {
  const { id = '', new_signing_secret: secret = '' } = await ai.webhooks.create({
    name: 'mine',
    uri: sink.url,
    subscribed_events: ['batch.succeeded'],
  });
  return { id, secret };
}

const isSignedWith = (secret: string, { headers, body }: ReceivedDelivery): boolean => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

async function keysOf({ jwksUrl }: GeminiSimulator): Promise<JSONWebKeySet> {
  return (await (await fetch(jwksUrl)).json()) as JSONWebKeySet;
}

/** Number of keys that verify a `v1a` entry. */
function signersOf({ headers, body }: ReceivedDelivery, { keys }: JSONWebKeySet): number {
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
  const signature = Buffer.from(headers['webhook-signature'].replace(/^v1a,/, ''), 'base64');
  return keys
    .filter(({ kty }) => kty === 'OKP')
    .filter((key) => verify(null, content, createPublicKey({ key: key as JsonWebKey, format: 'jwk' }), signature))
    .length;
}

describe('static webhooks of the simulator', () => {
  it('receive their subscribed events, signed with the secret that was shown at creation', async () => {
    const set = await start();
    const { secret } = await subscribed(set);
    const name = await runBatch(set);

    const [delivery, ...others] = set.sink.received;
    expect(others).toEqual([]);
    expect(new Webhook(secret).verify(delivery!.body, delivery!.headers)).toMatchObject({
      type: 'batch.succeeded',
      version: 'v1',
      data: { id: expect.any(String) },
    });
    expect(delivery!.headers['webhook-id']).toMatch(/^msg_[0-9a-f-]{36}$/);
    expect(set.gemini.deliveries).toMatchObject([
      { scheme: 'v1', attempt: 1, status: 200, job: name, url: set.sink.url },
    ]);
  });

  it('receive no events of a job with its own URIs, and no events without a subscription', async () => {
    const set = await start();
    await subscribed(set);
    await runBatch(set, { uris: [`${set.sink.url}?own=1`] });
    set.gemini.inject({ fault: 'end', end: 'failed' });
    await runBatch(set);

    expect(set.sink.received.map(({ path }) => path)).toEqual(['/hook?own=1']);
  });

  it('can be read, listed in pages, changed and deleted, and never show their secret again', async () => {
    const { ai, sink } = await start();
    const made = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        ai.webhooks.create({ name, uri: sink.url, subscribed_events: ['video.generated'] }),
      ),
    );
    const first = await ai.webhooks.list({ page_size: 2 });
    const second = await ai.webhooks.list({ page_size: 2, page_token: first.next_page_token! });
    const all = [...(first.webhooks ?? []), ...(second.webhooks ?? [])];

    expect(first.webhooks).toHaveLength(2);
    expect(second.next_page_token).toBeUndefined();
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(made.map(({ id }) => id)));
    expect(JSON.stringify(all)).not.toContain(made[0]!.new_signing_secret!.slice(12));

    const id = made[0]!.id!;
    const changed = { name: 'other', subscribed_events: ['batch.failed'], state: 'disabled' as const };
    await ai.webhooks.update(id, { ...changed, update_mask: 'name,state' });
    expect(await ai.webhooks.get(id)).toMatchObject({
      name: 'other',
      state: 'disabled',
      uri: sink.url,
      subscribed_events: ['video.generated'],
      signing_secrets: [{ truncated_secret: made[0]!.new_signing_secret!.slice(0, 10) + '...' }],
    });
    await ai.webhooks.delete(id);
    await expect(ai.webhooks.get(id)).rejects.toMatchObject({ status: 404 });
  });

  it.each([
    ['an event that cannot be subscribed to', { subscribed_events: ['batch.cancelled'] }],
    ['an unknown event', { subscribed_events: ['batch.done'] }],
    ['no event', { subscribed_events: [] }],
    ['an invalid URI', { uri: 'not an address' }],
  ])('are refused with %s', async (_, wrong) => {
    const { ai, sink } = await start();

    await expect(
      ai.webhooks.create({ uri: sink.url, subscribed_events: ['batch.failed'], ...wrong }),
    ).rejects.toMatchObject({ status: 400 });
    expect((await ai.webhooks.list()).webhooks).toEqual([]);
  });

  it('sign with both secrets for 24 hours after a rotation', async () => {
    const set = await start();
    const { id, secret: old } = await subscribed(set);
    const rotated = await set.ai.webhooks.rotateSigningSecret(id, {
      revocation_behavior: 'revoke_previous_secrets_after_h24',
    });
    await runBatch(set);
    await set.gemini.advance(24 * HOUR_MS);
    await runBatch(set);

    const [during, after] = set.sink.received;
    expect([old, rotated.secret!].map((secret) => isSignedWith(secret, during!))).toEqual([true, true]);
    expect([old, rotated.secret!].map((secret) => isSignedWith(secret, after!))).toEqual([false, true]);
  });

  it('sign with only the new secret if the old one is revoked at once', async () => {
    const set = await start();
    const { id, secret: old } = await subscribed(set);
    const rotated = await set.ai.webhooks.rotateSigningSecret(id, {
      revocation_behavior: 'revoke_previous_secrets_immediately',
    });
    await runBatch(set);

    expect([old, rotated.secret!].map((secret) => isSignedWith(secret, set.sink.received[0]!))).toEqual([false, true]);
  });

  it('are pinged once', async () => {
    const set = await start();
    const { id, secret } = await subscribed(set);
    set.sink.status = 500;
    await set.ai.webhooks.ping(id);
    await set.gemini.advance(HOUR_MS);

    expect(set.sink.received).toHaveLength(1);
    expect(isSignedWith(secret, set.sink.received[0]!)).toBe(true);
  });

  it('are retried after 10, 20, 40 … seconds with the same id until they answer 2xx', async () => {
    const set = await start();
    const { secret } = await subscribed(set);
    set.sink.status = 503;
    await runBatch(set);
    const startedAt = set.gemini.now();
    await set.gemini.advance(30_000);
    set.sink.status = 204;
    await set.gemini.advance(24 * HOUR_MS);

    const made = set.gemini.deliveries.map(({ attempt, status, at }) => [attempt, status, (at - startedAt) / 1000]);
    expect(made).toEqual([
      [1, 503, 0],
      [2, 503, 10],
      [3, 503, 30],
      [4, 204, 70],
    ]);
    expect(new Set(set.sink.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(set.sink.received.every((delivery) => isSignedWith(secret, delivery))).toBe(true);
  });

  it('are disabled after failing for 24 hours, and receive events again once enabled', async () => {
    const set = await start();
    const { id } = await subscribed(set);
    set.sink.status = 0;
    await runBatch(set);
    await set.gemini.advance(23 * HOUR_MS);
    const before = (await set.ai.webhooks.get(id)).state;
    await set.gemini.advance(HOUR_MS);
    const attempts = set.sink.received.length;
    await runBatch(set);
    await set.gemini.advance(24 * HOUR_MS);

    expect([before, (await set.ai.webhooks.get(id)).state]).toEqual(['enabled', 'disabled_due_to_failed_deliveries']);
    expect(attempts).toBeGreaterThan(24);
    expect(set.sink.received).toHaveLength(attempts);

    set.sink.status = 200;
    await set.ai.webhooks.update(id, { state: 'enabled' });
    await runBatch(set);
    expect(set.sink.received).toHaveLength(attempts + 1);
  });

  it('are not retried after they are deleted', async () => {
    const set = await start();
    const { id } = await subscribed(set);
    set.sink.status = 500;
    await runBatch(set);
    await set.ai.webhooks.delete(id);
    await set.gemini.advance(24 * HOUR_MS);

    expect(set.sink.received).toHaveLength(1);
  });
});

describe('dynamic webhooks of the simulator', () => {
  it('are signed with one of three Ed25519 keys, without a key id', async () => {
    const set = await start();
    const uri = `${set.sink.url}?token=secret`;
    await runBatch(set, { uris: [uri], userMetadata: { order: 7 } });

    const keySet = await keysOf(set.gemini);
    const [delivery] = set.sink.received;
    expect(keySet.keys.filter(({ crv }) => crv === 'Ed25519')).toHaveLength(3);
    expect(delivery!.headers['webhook-signature']).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    expect(signersOf(delivery!, keySet)).toBe(1);
    expect(delivery!.path).toBe('/hook?token=secret');
    expect(JSON.parse(delivery!.body)).toMatchObject({ type: 'batch.succeeded', user_metadata: { order: 7 } });
    expect(JSON.stringify(set.gemini.deliveries)).not.toContain('secret');
  });

  it('carry the metadata under data if configured', async () => {
    const set = await start({ metadataAt: 'data' });
    await runBatch(set, { uris: [set.sink.url], userMetadata: { order: 7 } });

    const body = JSON.parse(set.sink.received[0]!.body) as Record<string, unknown>;
    expect(body).toMatchObject({ data: { user_metadata: { order: 7 } } });
    expect(body).not.toHaveProperty('user_metadata');
  });

  it('are JWTs whose claims are the event if configured', async () => {
    const set = await start({ signature: 'jwt' });
    await runBatch(set, { uris: [`${set.sink.url}?token=secret`] });

    const [delivery] = set.sink.received;
    const { payload, protectedHeader } = await jwtVerify(
      delivery!.headers['webhook-signature'],
      createLocalJWKSet(await keysOf(set.gemini)),
      { audience: set.sink.url },
    );
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: expect.any(String) });
    expect(payload).toMatchObject({ ...JSON.parse(delivery!.body), jti: delivery!.headers['webhook-id'] });
  });

  it('are signed with new keys after a rotation, including retries', async () => {
    const set = await start();
    const old = await keysOf(set.gemini);
    set.sink.status = 500;
    await runBatch(set, { uris: [set.sink.url] });
    set.gemini.rotateKeys();
    await set.gemini.advance(10_000);

    const current = await keysOf(set.gemini);
    const [before, after] = set.sink.received;
    expect([signersOf(before!, old), signersOf(before!, current)]).toEqual([1, 0]);
    expect([signersOf(after!, old), signersOf(after!, current)]).toEqual([0, 1]);
  });
});
