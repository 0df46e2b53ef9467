import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { isDeepStrictEqual } from 'node:util';
import { GeminiJobs, GeminiWebhooksModule, inlineInbox, type GeminiEvent } from '../../lib/index.js';
import type { InboxEngineFactory } from '../../lib/inbox/inbox-engine.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { handlerOf, inboxOn, removeTestQueues, testQueue, type TestQueue } from '../support/durable.js';
import { post } from '../support/http.js';
import { drained } from '../support/queues.js';
import { bodyOf, GoogleKeys, withEd25519, withHmac, type Delivery } from '../support/senders.js';
import { SECRET } from '../support/static-webhooks.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const google = new GoogleKeys();

/** An app that receives static and dynamic webhooks and records its handler's events. */
async function start(inbox: InboxEngineFactory) {
  const events: GeminiEvent[] = [];
  const module = GeminiWebhooksModule.forRoot({
    path: 'hooks/:project',
    hmac: { secrets: SECRET },
    jwks: { keySet: google.keySet },
    gemini: false,
    binding: { secret: 'a binding secret of the tests' },
    publicUrl: 'https://app.example',
    inbox,
  });
  const running = await startApp(
    { imports: [module], providers: [handlerOf('keep', (event) => events.push(event))] },
    { adapter: ADAPTERS[0] },
  );
  const send = async (delivery: Delivery, query = '', project = 'acme') => {
    await until(async () => (await post(`${running.origin}/hooks/${project}${query}`, delivery)).status < 300);
  };
  return { ...running, events, send };
}

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
});

const raw = (data: string, rest = '') =>
  `{"type":"batch.succeeded","version":"v1","timestamp":"2026-01-22T12:00:00Z"${rest},"data":{"id":"b1",${data}}}`;

const BODIES: [string, string][] = [
  ['NUL escapes', raw(String.raw`"text":"a\u0000b","\u0000":1`)],
  ['lone surrogates', raw(String.raw`"text":"\ud800 \udfff","\ud83d":"\ude00"`)],
  ['unicode, raw and escaped', raw(String.raw`"text":"äöü 漢字 🎉 \u00e4 \ud83c\udf89  "`)],
  ['names that objects have already', raw('"constructor":{"a":1}', ',"__proto__":{"x":1},"toString":"t"')],
  ['unusual numbers', raw('"numbers":[0.1,1e308,-0,123456789012345680000,1e-7]')],
  ['unknown fields', raw('"deep":{"er":[null,true,{"a":[]}]}', ',"future":{"field":[1,"2"]},"delivery":"mine"')],
  ['nothing but a type', '{"type":"video.generated"}'],
  ['an unknown type with a NUL and a lone surrogate', String.raw`{"type":"odd\u0000\ud800","data":{"id":"x"}}`],
  ['an unknown type of 10,000 characters', bodyOf('odd.'.repeat(2_500), { id: 'x' })],
  ['an empty type', '{"type":""}'],
  ['256 KiB', raw(`"text":"${'x'.repeat(262_144 - raw('"text":""').length)}"`)],
];

describe.each(STORES)('an event that was stored on $name', ({ url }) => {
  let queue: TestQueue;

  it.each(BODIES)('reaches handlers as it does inline, with %s', async (_, body) => {
    queue = testQueue(url);
    const [stored, inline] = [await start(inboxOn(queue)), await start(inlineInbox())];
    const delivery = withHmac(SECRET, body);

    await Promise.all([stored.send(delivery), inline.send(delivery)]);
    await drained(queue.queue);

    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(262_144);
    expect(stored.events).toHaveLength(1);
    expect(isDeepStrictEqual(stored.events, inline.events)).toBe(true);
    expect(JSON.stringify(stored.events)).toBe(JSON.stringify(inline.events));
    expect(stored.events[0]!.delivery.attemptedAt).toBeInstanceOf(Date);
    expect(stored.events[0]!.delivery.params).toEqual({ project: 'acme' });
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 0 });
  });

  it('reaches handlers as it does inline, with a NUL in a route parameter', async () => {
    queue = testQueue(url);
    const [stored, inline] = [await start(inboxOn(queue)), await start(inlineInbox())];
    const delivery = withHmac(SECRET, bodyOf('batch.succeeded', { id: 'b1' }));

    await Promise.all([stored.send(delivery, '', 'a%00b'), inline.send(delivery, '', 'a%00b')]);
    await drained(queue.queue);

    expect(stored.events).toHaveLength(1);
    expect(stored.events).toStrictEqual(inline.events);
    expect(stored.events[0]!.delivery.params).toEqual({ project: 'a\0b' });
    expect(await queue.queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 0 });
  });

  it('reaches handlers as it does inline, with the metadata and key of a dynamic webhook', async () => {
    queue = testQueue(url);
    const [stored, inline] = [await start(inboxOn(queue)), await start(inlineInbox())];
    const { uris, userMetadata } = await stored.app
      .get(GeminiJobs)
      .webhookConfig({ metadata: { order: 7 }, params: { project: 'acme' } });
    const { search } = new URL(uris[0]!);
    const sent = bodyOf('batch.completed', { id: 'b1' }, { user_metadata: userMetadata });
    const delivery = withEd25519(google.key(), sent);

    await Promise.all([stored.send(delivery, search), inline.send(delivery, search)]);
    await drained(queue.queue);

    expect(stored.events).toHaveLength(1);
    expect(stored.events).toStrictEqual(inline.events);
    expect(stored.events[0]).toMatchObject({
      type: 'batch.succeeded',
      userMetadata: { order: 7 },
      resource: { kind: 'batch', name: 'batches/b1' },
      delivery: { strategy: 'jwks', sentType: 'batch.completed' },
    });
  });

  describe('contains no secret:', () => {
    let token: string;
    let delivery: Delivery;
    let kept: string;

    beforeAll(async () => {
      queue = testQueue(url);
      const { app, send } = await start(inboxOn(queue));
      const jobs = app.get(GeminiJobs);
      const { uris, userMetadata } = await jobs.webhookConfig({ params: { project: 'acme' } });
      token = userMetadata['gemini_binding'] as string;
      const places = { user_metadata: userMetadata };
      delivery = withEd25519(google.key(), bodyOf('batch.failed', { id: 'b1', ...places }, places));
      await send(delivery, new URL(uris[0]!).search);
      await drained(queue.queue);
      const stored = await queue.queue.getJobs(['completed']);
      expect(stored).toHaveLength(1);
      const body = Buffer.from((stored[0]!.data as { body: string }).body, 'base64').toString();
      kept = [JSON.stringify(stored.map((job) => job.asJSON())), body, await redisKeys(queue)].join('\n');
      await closeApps();
      await removeTestQueues();
    });

    it.each<[string, () => string]>([
      ['neither the binding token', () => token],
      ["nor the token's field", () => 'gemini_binding'],
      ['nor the signature', () => delivery.headers['webhook-signature']!.slice('v1a,'.length)],
      ['nor the signing secret', () => SECRET],
    ])('%s', (_, secret) => {
      expect(secret().length).toBeGreaterThan(8);
      expect(kept).not.toContain(secret());
      expect(kept).not.toContain(Buffer.from(secret()).toString('base64').slice(4, -4));
      expect(kept).toContain('batch.failed');
    });
  });
});

/** Everything that Redis stores for the queue, including messages between processes. */
async function redisKeys({ url, name }: TestQueue): Promise<string> {
  if (!url.startsWith('redis')) return '';
  const redis = new Redis(url);
  try {
    const keys = await redis.keys(`*${name}*`);
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await redis.type(key);
        if (type === 'hash') return redis.hgetall(key);
        if (type === 'stream') return redis.xrange(key, '-', '+');
        if (type === 'zset') return redis.zrange(key, '0', '-1');
        if (type === 'set') return redis.smembers(key);
        if (type === 'list') return redis.lrange(key, 0, -1);
        return redis.get(key);
      }),
    );
    return JSON.stringify([keys, values]);
  } finally {
    redis.disconnect();
  }
}
