import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { post } from '../support/http.js';
import { answerTo, beginPost, rawPost } from '../support/raw-http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, hmacEntry, withHmac } from '../support/senders.js';

const LIMIT = 10_000;
const agents: Agent[] = [];

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await closeApps();
});

/** A signed delivery of the given size in bytes. */
function sized(secret: string, size: number) {
  const frame = bodyOf('batch.succeeded', { id: 'big', pad: '' });
  return withHmac(secret, frame.replace('"pad":""', `"pad":"${'x'.repeat(size - frame.length)}"`));
}

/** Writes chunks until the server closes the connection, and never ends the body. */
function upload(sent: ClientRequest, chunk: Buffer): void {
  const more = () => {
    while (!sent.destroyed && sent.write(chunk));
  };
  sent.on('drain', more).on('error', () => undefined);
  more();
}

describe.each(ADAPTERS)('uploads on $adapter', (adapter) => {
  const start = async (options: GeminiWebhooksModuleOptions = {}) => {
    const own = receiver({ bodyLimitBytes: LIMIT, ...options });
    const { app, origin } = await startApp(own.metadata, { adapter });
    return { ...own, server: app.getHttpServer() as Server, url: `${origin}/gemini/webhooks` };
  };

  it.each([
    ['with a length', true],
    ['in chunks without one', false],
  ])('of exactly the limit are accepted, of one byte more are not, %s', async (_how, withLength) => {
    const { secret, events, url } = await start();

    for (const [size, status] of [
      [LIMIT + 1, 413],
      [LIMIT, 200],
    ] as const) {
      const { headers, body } = sized(secret, size);
      const sent = beginPost(url, { ...headers, ...(withLength && { 'content-length': String(size) }) });
      sent.write(body.slice(0, 5));
      sent.end(body.slice(5));
      expect([size, (await answerTo(sent)).status]).toEqual([size, status]);
    }
    expect(events).toHaveLength(1);
  });

  it('with a declared length over the limit are refused before the first byte', async () => {
    const { secret, events, url } = await start();
    const { headers } = sized(secret, LIMIT + 1);
    const sent = beginPost(url, { ...headers, 'content-length': String(LIMIT + 1) });
    sent.flushHeaders();

    const answer = await answerTo(sent);
    sent.on('error', () => undefined).destroy();

    expect([answer.status, answer.body['code']]).toEqual([413, 'body_too_large']);
    expect(events).toEqual([]);
  });

  it('without end are refused at the limit, drained, and cut off', async () => {
    const { events, url, server } = await start({ bodyTimeoutMs: 1000 });
    const arrived = once(server, 'request') as Promise<[IncomingMessage]>;
    const sent = beginPost(url, { 'content-type': 'application/json' });
    const cut = once(sent, 'close');
    upload(sent, Buffer.alloc(4096, 0x20));

    const answer = await answerTo(sent);
    const [request] = await arrived;
    await cut;

    expect([answer.status, answer.body['code']]).toEqual([413, 'body_too_large']);
    expect(request.readableLength).toBeLessThanOrEqual(request.readableHighWaterMark + 65_536);
    expect(events).toEqual([]);
  });

  it('that are too long leave the connection usable when they end', async () => {
    const { secret, events, url } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const tooLong = beginPost(url, { 'content-type': 'application/json' }, agent);
    tooLong.write(Buffer.alloc(LIMIT + 1, 0x20));
    const refused = await answerTo(tooLong);
    const free = once(agent, 'free');
    tooLong.end(Buffer.alloc(100, 0x20));
    await free;

    const { headers, body } = sized(secret, 500);
    const next = beginPost(url, { ...headers, 'content-length': '500' }, agent);
    next.end(body);
    const answer = await answerTo(next);

    expect([refused.status, answer.status, next.reusedSocket]).toEqual([413, 200, true]);
    expect(events).toHaveLength(1);
  });

  it.each([
    ['that stall', '{"type":'],
    ['that never begin', ''],
  ])('%s get 408, and the connection is closed', async (_which, beginning) => {
    const { secret, events, url } = await start({ bodyTimeoutMs: 50 });
    const { headers } = sized(secret, 500);
    const sent = beginPost(url, { ...headers, 'content-length': '500' });
    const closed = once(sent, 'close');
    sent.on('error', () => undefined).flushHeaders();
    if (beginning !== '') sent.write(beginning);

    const answer = await answerTo(sent);
    await closed;

    expect([answer.status, answer.body['code']]).toEqual([408, 'request_timeout']);
    expect(events).toEqual([]);
  });

  it('that are aborted run no handler, and the next delivery is accepted', async () => {
    const { secret, events, server, url } = await start();
    const { headers, body } = sized(secret, 500);
    const arrived = once(server, 'request') as Promise<[IncomingMessage]>;
    const sent = beginPost(url, { ...headers, 'content-length': '500' });
    sent.on('error', () => undefined).write(body.slice(0, 200));
    const [request] = await arrived;
    const cut = new Promise((resolve) => request.once('close', resolve));
    sent.destroy();
    await cut;

    const next = await post(url, { headers, body });

    expect([next.status, next.body]).toEqual([200, { status: 'processed' }]);
    expect(events).toHaveLength(1);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['identity, gzip', gzipSync],
    ['unheard-of', (body: Buffer) => body],
  ])('encoded as %s get 415, even with a valid signature', async (encoding, encode) => {
    const { secret, events, url } = await start();
    const body = encode(Buffer.from(bodyOf('batch.succeeded', { id: 'b' })));
    const timestamp = Math.floor(Date.now() / 1000);

    const answer = await post(url, {
      headers: {
        'content-type': 'application/json',
        'content-encoding': encoding,
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': hmacEntry(secret, 'msg_1', timestamp, body),
      },
      body,
    });

    expect([answer.status, answer.body['code']]).toEqual([415, 'unsupported_media_type']);
    expect(events).toEqual([]);
  });

  it.each(['identity', 'Identity'])('encoded as %s are accepted', async (encoding) => {
    const { secret, url } = await start();
    const { headers, body } = sized(secret, 500);

    const answer = await post(url, { headers: { ...headers, 'content-encoding': encoding }, body });

    expect(answer.status).toBe(200);
  });

  it.each([
    [undefined, 200],
    ['application/json', 200],
    ['Application/JSON; charset=utf-8', 200],
    ['application/json;charset="utf-8"', 200],
    ['application/cloudevents+json', 200],
    ['application/cloudevents+json; charset=utf-8', 200],
    ['text/plain', 415],
    ['text/json', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/jsonp', 415],
    ['application/octet-stream', 415],
    ['json', 415],
    [';', 415],
  ])('of the content type %s get %i', async (type, status) => {
    const { secret, events, url } = await start();
    const { headers, body } = sized(secret, 500);
    const { 'content-type': _own, ...others } = headers;

    const answer = await rawPost(url, { ...others, ...(type !== undefined && { 'content-type': type }) }, body);

    expect(answer.status).toBe(status);
    expect(events).toHaveLength(status === 200 ? 1 : 0);
  });
});
