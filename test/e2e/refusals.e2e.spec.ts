import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { GeminiWebhooksModuleOptions } from '../../lib/index.js';
import { BINDING_SECRET } from '../support/binding-tokens.js';
import { ADAPTERS, closeApps, startApp, type AdapterCase } from '../support/apps.js';
import { post } from '../support/http.js';
import { answerTo, beginPost } from '../support/raw-http.js';
import { receiver } from '../support/receiver.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { bodyOf, GoogleKeys, newSecret, withEd25519, withHmac } from '../support/senders.js';

const PATH = '/gemini/webhooks';
const body = bodyOf('batch.succeeded', { id: 'b1' });

afterEach(closeApps);

const start = async (
  adapter: AdapterCase,
  options: GeminiWebhooksModuleOptions = {},
  configure?: (app: INestApplication) => void,
) => {
  const logger = new RecordingLogger();
  const own = receiver(options);
  const { app, origin } = await startApp(own.metadata, {
    adapter,
    options: { logger },
    ...(configure && { configure }),
  });
  const refusals = (level = 'warn') => logger.of(level).filter((line) => line.includes('Refused a delivery'));
  return { ...own, app, url: `${origin}${PATH}?gemini_binding=a.token`, refusals, logger };
};

describe.each(ADAPTERS)('a refusal on $adapter', (adapter) => {
  it.each([
    [413, 'body_too_large', { bodyLimitBytes: 10 }, {}, /bodyLimitBytes \(10\)/],
    [415, 'unsupported_media_type', {}, { 'content-type': 'text/plain' }, /not unencoded JSON/],
    [415, 'unsupported_media_type', {}, { 'content-encoding': 'gzip' }, /not unencoded JSON/],
  ])('with %i %s is logged once a minute with its path', async (status, code, options, headers, reason) => {
    const { secret, url, refusals } = await start(adapter, options);
    for (let sent = 0; sent < 3; sent += 1) {
      const signed = withHmac(secret, body);
      const answer = await post(url, { headers: { ...signed.headers, ...headers }, body: signed.body });
      expect(answer.status).toBe(status);
    }

    expect(refusals()).toEqual([expect.stringContaining(`${status} ${code} (module instance "default", ${PATH}): `)]);
    expect(refusals()[0]).toMatch(reason);
    expect(refusals()[0]).not.toMatch(/a\.token|whsec_|v1,/);
  });

  it('of an authentic delivery that belongs to another deployment is logged once a minute', async () => {
    const google = new GoogleKeys();
    const { url, refusals } = await start(adapter, {
      jwks: { keySet: google.keySet },
      binding: { secret: BINDING_SECRET },
    });
    for (let sent = 0; sent < 3; sent += 1)
      expect((await post(url, withEd25519(google.key(0), body))).status).toBe(403);

    expect(refusals()).toEqual([
      expect.stringMatching(
        /403 unbound_delivery .*: .*has no binding token of this deployment\. Was its job started with/,
      ),
    ]);
    expect(refusals()[0]).not.toContain('a.token');
  });

  it('of a body that does not arrive in time is logged with its path', async () => {
    const { secret, url, refusals } = await start(adapter, { bodyTimeoutMs: 50 });
    const sent = beginPost(url, { ...withHmac(secret, body).headers, 'content-length': '500' });
    sent.write('{');
    expect((await answerTo(sent)).status).toBe(408);
    sent.on('error', () => undefined).destroy();

    expect(refusals()).toEqual([
      expect.stringMatching(
        /408 request_timeout \(module instance "default", \/gemini\/webhooks\): .*bodyTimeoutMs \(50 ms\)/,
      ),
    ]);
  });

  describe.each<[code: string, headers: Record<string, string>]>([
    ['missing_header', { 'webhook-id': '' }],
    ['malformed_header', { 'webhook-timestamp': 'yesterday' }],
    ['timestamp_out_of_tolerance', { 'webhook-timestamp': '1700000000' }],
  ])('with 400 %s, which any scanner can cause,', (code, headers) => {
    const line = expect.stringContaining(`400 ${code} (module instance "default", ${PATH}): `);
    const scan = async ({ secret, url }: Awaited<ReturnType<typeof start>>) => {
      const signed = withHmac(secret, body);
      const answer = await post(url, { headers: { ...signed.headers, ...headers }, body: signed.body });
      expect([answer.status, answer.body['code']]).toEqual([400, code]);
    };

    it('is a warning, once a minute, while no delivery has verified', async () => {
      const app = await start(adapter);
      for (let sent = 0; sent < 3; sent += 1) await scan(app);

      expect(app.refusals()).toEqual([line]);
      expect(app.refusals('debug')).toEqual([]);
      expect(app.refusals()[0]).not.toMatch(/a\.token|whsec_|v1,/);
    });

    it('is a debug line, once a minute, once a delivery has verified', async () => {
      const app = await start(adapter);
      await post(app.url, withHmac(app.secret, body));
      for (let sent = 0; sent < 3; sent += 1) await scan(app);

      expect(app.refusals()).toEqual([]);
      expect(app.refusals('debug')).toEqual([line]);
      expect(app.refusals('debug')[0]).not.toMatch(/a\.token|whsec_|v1,/);
    });
  });

  it.each([
    ['not JSON', '{"user_metadata":{"gemini_binding":"a.token"},', /is valid, but the body is not JSON/],
    ['no object', '["a.token"]', /is valid, but the event is not a JSON object/],
  ])('of an authentic body that is %s is a warning, without the body', async (_what, text, reason) => {
    const { secret, url, refusals, logger } = await start(adapter);
    await post(url, withHmac(secret, body));
    for (let sent = 0; sent < 3; sent += 1) expect((await post(url, withHmac(secret, text))).status).toBe(400);

    expect(refusals()).toEqual([expect.stringContaining(`400 malformed_event (module instance "default", ${PATH}): `)]);
    expect(refusals()[0]).toMatch(reason);
    expect(logger.text).not.toMatch(/a\.token|user_metadata/);
  });

  it('with 401 signature_mismatch is logged only by the warning with advice', async () => {
    const { url, logger } = await start(adapter);
    for (let sent = 0; sent < 3; sent += 1) expect((await post(url, withHmac(newSecret(), body))).status).toBe(401);

    const lines = logger.entries.filter(({ level }) => level === 'warn' || level === 'debug');
    expect(lines.map(({ text }) => text)).toEqual([expect.stringMatching(/^1 delivery in the last minute/)]);
  });

  it('with one code does not hide one with another code', async () => {
    const { secret, url, refusals } = await start(adapter, { bodyLimitBytes: 10 });
    const { headers, body: text } = withHmac(secret, body);
    await post(url, { headers, body: text });
    await post(url, { headers: { ...headers, 'content-type': 'text/plain' }, body: text });

    expect(refusals().map((line) => /\d{3} \w+/.exec(line)?.[0])).toEqual([
      '413 body_too_large',
      '415 unsupported_media_type',
    ]);
  });
});

describe('an Express middleware between our capture and the guard', () => {
  const between = (work: (request: IncomingMessage, next: () => void) => void) => (app: INestApplication) =>
    app.use((request: IncomingMessage, _response: unknown, next: () => void) => work(request, next));

  it('times out with a logged 500 if it waits for a body that was already read', async () => {
    let resume = () => {};
    const { secret, url, refusals, events } = await start(
      ADAPTERS[0],
      { bodyTimeoutMs: 50 },
      between((request, next) => {
        request.on('data', () => undefined).on('end', next);
        resume = next;
      }),
    );
    const { headers } = withHmac(secret, body);
    const sent = beginPost(url, headers);
    sent.write(body.slice(0, 5));
    // In a separate packet.
    await new Promise((resolve) => setImmediate(resolve));
    sent.end(body.slice(5));
    const answer = await answerTo(sent);

    expect([answer.status, answer.body['code']]).toEqual([500, 'raw_body_unavailable']);
    expect(refusals()).toEqual([
      expect.stringMatching(
        /500 raw_body_unavailable \(module instance "default", \/gemini\/webhooks\): A middleware or hook/,
      ),
    ]);

    // The middleware continues after all, but the refused delivery must not be handled.
    resume();
    await post(`${url.split('?')[0]}/nowhere`, withHmac(secret, body));
    expect(events).toEqual([]);
  });

  it('times out with the original refusal if it waits for a refused body', async () => {
    const { secret, url, refusals, events } = await start(
      ADAPTERS[0],
      { bodyTimeoutMs: 50 },
      between((request, next) => request.on('data', () => undefined).on('end', next)),
    );
    const sent = beginPost(url, { ...withHmac(secret, body).headers, 'content-length': '500' });
    sent.write('{');
    const answer = await answerTo(sent);
    sent.on('error', () => undefined).destroy();

    expect([answer.status, answer.body['code']]).toEqual([408, 'request_timeout']);
    expect(refusals()).toEqual([expect.stringContaining('408 request_timeout')]);
    expect(events).toEqual([]);
  });

  it('does not keep a refused upload open if it never continues', async () => {
    const { secret, url } = await start(
      ADAPTERS[0],
      { bodyTimeoutMs: 50 },
      between(() => undefined),
    );
    const { headers, body: text } = withHmac(secret, body);
    const answer = await post(url, { headers: { ...headers, 'content-type': 'text/plain' }, body: text });

    expect([answer.status, answer.body['code']]).toEqual([415, 'unsupported_media_type']);
  });

  it('is not limited if it is slow and does not wait for the body', async () => {
    const { secret, url, refusals, events } = await start(
      ADAPTERS[0],
      { bodyTimeoutMs: 20 },
      between((_request, next) => setTimeout(next, 100)),
    );

    expect((await post(url, withHmac(secret, body))).status).toBe(200);
    expect(refusals()).toEqual([]);
    expect(events).toHaveLength(1);
  });
});
