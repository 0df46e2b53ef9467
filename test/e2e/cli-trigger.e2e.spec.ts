import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import {
  fileSecretStore,
  GeminiEventBus,
  OnGeminiEvent,
  UnrecoverableEventError,
  type InboxEngine,
} from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { cli } from '../support/cli.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { closeSinks, startSink } from '../support/webhook-sink.js';
import { freePort } from '../support/free-port.js';

const [adapter] = ADAPTERS;
const directories: string[] = [];

afterEach(async () => {
  await closeApps();
  await closeSinks();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

async function app(options?: Parameters<typeof receiver>[0]) {
  const { secret, events, metadata } = receiver(options);
  const { origin } = await startApp(metadata, { adapter });
  return { secret, events, to: ['--to', `${origin}/gemini/webhooks`] };
}

/** App whose only handler receives `batch.succeeded`. */
async function partialApp() {
  @Injectable()
  class Batches {
    @OnGeminiEvent('batch.succeeded')
    note() {}
  }

  const { secret, metadata } = receiver();
  const { app: started, origin } = await startApp({ ...metadata, providers: [Batches] }, { adapter });
  return { secret, to: ['--to', `${origin}/gemini/webhooks`], bus: started.get(GeminiEventBus) };
}

function fileWith(text: string | Buffer): string {
  const directory = mkdtempSync(join(tmpdir(), 'cli-'));
  directories.push(directory);
  writeFileSync(join(directory, 'key.pem'), text);
  return join(directory, 'key.pem');
}

describe('trigger', () => {
  it('sends an event that the app accepts, and prints the response', async () => {
    const { secret, events, to } = await app();
    const { code, out, err } = await cli(
      ['trigger', 'batch.succeeded', ...to, '--data', 'id=batch_42', '--data', 'a=b=c'],
      {
        env: { GEMINI_WEBHOOK_SECRET: secret },
      },
    );

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(events).toMatchObject([{ type: 'batch.succeeded', data: { id: 'batch_42', a: 'b=c' } }]);
    for (const fact of ['batch.succeeded', events[0]!.delivery.id, '200 processed']) expect(out).toContain(fact);
    expect(out.split('\n')).toHaveLength(1);
  });

  it('signs as specified by Standard Webhooks, with every secret of the environment', async () => {
    const sink = await startSink();
    const [one, other] = [newSecret(), newSecret()];
    await cli(['trigger', 'video.generated', '--to', sink.url], { env: { WEBHOOK_SIGNING_SECRET: `${one},${other}` } });

    for (const secret of [one, other]) {
      const { body, headers } = sink.received[0]!;
      expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'video.generated' });
    }
  });

  it('sends each event for a different job, also with a rate', async () => {
    const { secret, events, to } = await app();
    const { code, out } = await cli([
      'trigger',
      'batch.failed',
      ...to,
      '--secret',
      secret,
      '--count',
      '20',
      '--rate',
      '1000',
      '--json',
    ]);

    expect(code).toBe(0);
    expect(out.split('\n').map((line) => JSON.parse(line))).toEqual(
      Array.from({ length: 20 }, () => expect.objectContaining({ status: 200, answer: 'processed', ok: true })),
    );
    expect(new Set(events.map(({ data }) => data['id'])).size).toBe(20);
  });

  it('says that no handler of the app receives the type, and which types its handlers receive', async () => {
    const { secret, to } = await partialApp();
    const send = (type: string) => cli(['trigger', type, ...to, '--secret', secret]);

    const unhandled = await send('video.generated');
    expect(unhandled).toMatchObject({ code: 0, out: expect.stringContaining('200 processed') });
    for (const fact of ['No handler', 'video.generated', 'batch.succeeded']) expect(unhandled.err).toContain(fact);
    expect(unhandled.out.split('\n')).toHaveLength(1);
    // The old name of batch.succeeded.
    expect(await send('batch.completed')).toMatchObject({ code: 0, err: '' });
  });

  it('says where failures show up if a worker runs the handlers later', async () => {
    const inbox = (): InboxEngine => ({
      hasWorkers: true,
      accept: async () => ({ status: 'accepted', httpStatus: 202 }),
      close: async () => undefined,
    });
    const { secret, to } = await app({ inbox });
    const args = ['trigger', 'video.generated', ...to, '--secret', secret, '--count', '2'];
    const { code, out, err } = await cli(args);

    expect({ code, lines: out.split('\n').length }).toEqual({ code: 0, lines: 2 });
    expect(err).toMatch(/^The inbox has stored the event, .*failed list.*$/);
    expect(await cli([...args, '--json'])).toMatchObject({ code: 0, err: '' });
  });

  it('says that the event is only stored if no process runs handlers', async () => {
    const inbox = (): InboxEngine => ({
      hasWorkers: false,
      accept: async () => ({ status: 'accepted', httpStatus: 202 }),
      health: async () => ({ store: 'up', worker: 'absent' }),
      close: async () => undefined,
    });
    const { secret, to } = await app({ inbox });
    const { code, err } = await cli(['trigger', 'video.generated', ...to, '--secret', secret]);

    expect(code).toBe(0);
    expect(err).toContain('no worker');
  });

  it('says that only the event bus receives the type', async () => {
    const { secret, to, bus } = await partialApp();
    const subscription = bus.events$.subscribe();
    const { code, err } = await cli(['trigger', 'video.generated', ...to, '--secret', secret]);
    subscription.unsubscribe();

    expect(code).toBe(0);
    expect(err).toContain('only subscribers of GeminiEventBus');
  });

  it.each(['forge', 'stale'])('asks for no handlers after a refusal, with --fault %s', async (fault) => {
    const { secret, to } = await partialApp();
    const { code, err } = await cli(['trigger', 'video.generated', ...to, '--secret', secret, '--fault', fault]);

    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('fails for handlers that failed for good, and names them, although the response is 200', async () => {
    @Injectable()
    class Orders {
      @OnGeminiEvent('batch.succeeded')
      publish() {
        throw new UnrecoverableEventError('no such order');
      }

      @OnGeminiEvent('batch.*', { name: 'prüfen, 2' })
      note() {
        throw new UnrecoverableEventError('no such note');
      }

      @OnGeminiEvent('*')
      count() {}
    }
    const { secret, metadata } = receiver();
    const { origin } = await startApp({ ...metadata, providers: [Orders] }, { adapter });
    const args = ['trigger', 'batch.succeeded', '--to', `${origin}/gemini/webhooks`, '--secret', secret];
    const { code, out, err } = await cli(args);

    expect(code).toBe(1);
    expect(out).toContain('200 processed');
    expect(err).toMatch(/^Orders\.publish, prüfen, 2 failed for good, .*log of the app/m);
    expect(err).toMatch(/^Handlers failed for good in 1 of 1 response\.$/m);
    expect(JSON.parse((await cli([...args, '--json'])).out)).toMatchObject({
      status: 200,
      failedHandlers: ['Orders.publish', 'prüfen, 2'],
      ok: false,
    });

    const { headers } = await post(
      `${origin}/gemini/webhooks`,
      withHmac(secret, bodyOf('batch.succeeded', { id: 'b1' })),
    );
    expect([...headers.keys()].filter((name) => name.startsWith('gemini-webhooks'))).toEqual([]);
  });

  it('names the first of so many failed handlers that their names would not fit into the headers of a response', async () => {
    class Orders {}
    const publish = { value: () => Promise.reject(new UnrecoverableEventError('no such order')) };
    for (let index = 10; index < 60; index += 1) {
      Object.defineProperty(Orders.prototype, `publish${index}`, { ...publish, configurable: true });
      const method = Object.getOwnPropertyDescriptor(Orders.prototype, `publish${index}`)!;
      OnGeminiEvent('batch.succeeded', { name: `${index} ${'ü'.repeat(200)}` })(
        Orders.prototype,
        `publish${index}`,
        method,
      );
    }
    Injectable()(Orders);
    const { secret, metadata } = receiver();
    const { origin } = await startApp({ ...metadata, providers: [Orders] }, { adapter });
    const { code, out, err } = await cli([
      'trigger',
      'batch.succeeded',
      '--to',
      `${origin}/gemini/webhooks`,
      '--secret',
      secret,
    ]);

    expect(code).toBe(1);
    expect(out).toContain('200 processed');
    expect(err).toMatch(/^10 ü+, 11 ü+,.* failed for good/m);
  });

  it('sends a duplicate with the same id, and the app handles it once', async () => {
    const { secret, events, to } = await app();
    const { code, out } = await cli([
      'trigger',
      'batch.expired',
      ...to,
      '--secret',
      secret,
      '--fault',
      'duplicate',
      '--json',
    ]);

    const answers = out.split('\n').map((line) => JSON.parse(line) as { readonly id: string });
    expect(code).toBe(0);
    expect(answers).toHaveLength(2);
    expect(answers[0]!.id).toBe(answers[1]!.id);
    expect(events).toHaveLength(1);
  });

  it.each([
    ['forge', { status: 401, answer: 'signature_mismatch' }],
    ['stale', { status: 400, answer: 'timestamp_out_of_tolerance' }],
  ])('succeeds if the app refuses the delivery of --fault %s', async (fault, refusal) => {
    const { secret, events, to } = await app();
    const { code, out } = await cli([
      'trigger',
      'batch.expired',
      ...to,
      '--secret',
      secret,
      '--fault',
      fault,
      '--json',
    ]);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ...refusal, ok: true });
    expect(events).toEqual([]);
  });

  it.each(['forge', 'stale'])('fails if the app accepts the delivery of --fault %s', async (fault) => {
    const sink = await startSink();
    const { code } = await cli([
      'trigger',
      'batch.expired',
      '--to',
      sink.url,
      '--secret',
      newSecret(),
      '--fault',
      fault,
    ]);

    expect(code).toBe(1);
  });

  it('signs with a key that the app fetches from the command, and prints its URL', async () => {
    const port = await freePort();
    const jwksUrl = `http://127.0.0.1:${port}/jwks.json`;
    const { events, to } = await app({ jwks: { url: jwksUrl }, binding: false });
    const { code, err } = await cli([
      'trigger',
      'interaction.completed',
      ...to,
      '--dynamic',
      '--jwks-port',
      String(port),
    ]);

    expect(code).toBe(0);
    expect(err).toContain(`GEMINI_WEBHOOK_JWKS_URL=${jwksUrl}`);
    expect(events).toMatchObject([{ type: 'interaction.completed', delivery: { strategy: 'jwks' } }]);
  });

  it.each([
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ])('signs with an %s key from a file', async (_, key) => {
    const port = await freePort();
    const { events, to } = await app({ jwks: { url: `http://127.0.0.1:${port}/jwks.json` }, binding: false });
    const file = fileWith(key().export({ format: 'pem', type: 'pkcs8' }));
    const { code } = await cli([
      'trigger',
      'batch.succeeded',
      ...to,
      '--dynamic',
      '--private-key',
      file,
      '--jwks-port',
      String(port),
    ]);

    expect(code).toBe(0);
    expect(events).toHaveLength(1);
  });

  it('fails with advice if the app has another secret', async () => {
    const { to, secret } = await app();
    const other = newSecret();
    const { code, out, err } = await cli(['trigger', 'batch.succeeded', ...to, '--secret', other]);

    expect(code).toBe(1);
    expect(out).toContain('401 signature_mismatch');
    expect(err).toContain('Sign with the secret of the app.');
    expect(err).not.toContain('GEMINI_WEBHOOK_JWKS_URL');
    expect(out + err).not.toContain(other.slice(6, 16));
    expect(out + err).not.toContain(secret.slice(6, 16));
  });

  it('fails with advice if the app has the key set of another signer', async () => {
    const { to } = await app();
    const { code, out, err } = await cli(['trigger', 'batch.succeeded', ...to, '--dynamic', '--jwks-port', '0']);

    expect(code).toBe(1);
    expect(out).toContain('401 signature_mismatch');
    expect(err).toContain(
      'Set GEMINI_WEBHOOK_JWKS_URL of the app to the key set of this command, and restart the app.',
    );
  });

  it('fails with advice if nothing listens there', async () => {
    const { code, out, err } = await cli([
      'trigger',
      'batch.succeeded',
      '--to',
      `http://127.0.0.1:${await freePort()}/`,
      '--secret',
      newSecret(),
    ]);

    expect(code).toBe(1);
    expect(out).toContain('ECONNREFUSED');
    expect(err.split('\n')).toHaveLength(2);
  });

  it('asks for forRoot() first when no route is there', async () => {
    const { to, secret } = await app();
    const { code, err } = await cli(['trigger', 'batch.succeeded', '--to', `${to[1]}/nowhere`, '--secret', secret]);

    expect(code).toBe(1);
    expect(err).toContain('GeminiWebhooksModule.forRoot()');
  });

  it.each([
    ['batch.succeeded', 'output_file_uri', 'gs://example/job_42.jsonl'],
    ['video.generated', 'output_file_uri', 'gs://example/job_42.mp4'],
    ['video.generated', 'file_name', 'files/job_42'],
  ])('sends a %s whose %s belongs to the job of --data', async (type, field, value) => {
    const sink = await startSink();
    await cli(['trigger', type, '--to', sink.url, '--secret', newSecret(), '--data', 'id=job_42']);

    const { data } = JSON.parse(sink.received[0]!.body) as { readonly data: Record<string, unknown> };
    expect(data).toMatchObject({ id: 'job_42', [field]: value });
  });

  it.each([
    ['--secret', { args: ['--secret', 'mysecret'], env: {} }],
    ['GEMINI_WEBHOOK_SECRET', { args: [], env: { GEMINI_WEBHOOK_SECRET: 'mysecret' } }],
  ])('warns that an app refuses the short secret of %s, without showing it', async (name, { args, env }) => {
    const sink = await startSink();
    const { err } = await cli(['trigger', 'batch.failed', '--to', sink.url, ...args], { env });

    expect(err).toMatch(new RegExp(`^${name}\\b.*\\b16\\b`, 'm'));
    expect(err).not.toContain('mysecret');
  });

  it('signs with the secrets that a store has for a webhook', async () => {
    const { secret, events, to } = await app();
    const file = fileWith('');
    rmSync(file);
    await fileSecretStore(file)({ registration: 'default', keys: [] }).save('orders', [{ value: secret }]);
    const { code } = await cli(['trigger', 'batch.failed', ...to, '--store', `file:${file}`, '--webhook', 'orders']);

    expect(code).toBe(0);
    expect(events).toMatchObject([{ type: 'batch.failed' }]);
  });

  it('warns that Gemini has no event of a type, and sends it', async () => {
    const { secret, events, to } = await app();
    const { code, err } = await cli(['trigger', 'batch.succeded', ...to, '--secret', secret]);

    expect(code).toBe(0);
    expect(err).toContain('Gemini has no event batch.succeded. Did you mean "batch.succeeded"?');
    expect(events).toHaveLength(1);
  });

  it.each([
    [['trigger', '--to', 'http://localhost/'], ['type']],
    [['trigger', 'batch.failed'], ['--to']],
    [
      ['trigger', 'batch.failed', '--to', 'localhost:3000'],
      ['--to', 'localhost:3000'],
    ],
    [['trigger', 'batch.failed', '--to', 'http://u:p@localhost/'], ['--to']],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/'],
      ['GEMINI_WEBHOOK_SECRET', '--secret', '--store', '--dynamic'],
    ],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--secret', 'whsec_?!'],
      ['--secret', 'base64'],
    ],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--secret', 'whsec_YQ==', '--dynamic'],
      ['--secret', '--dynamic'],
    ],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--dynamic', '--private-key', '/nowhere'],
      ['/nowhere', 'openssl genpkey'],
    ],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--data', 'id'],
      ['--data', 'name=value'],
    ],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--store', 'inbox'],
      ['--store', '--webhook'],
    ],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--store', 'inbox', '--secret', 'whsec_YQ=='],
      ['--store', '--secret'],
    ],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--store', 'file:/nowhere', '--webhook', 'orders'],
      ['file:/nowhere', 'orders', '--instance'],
    ],
    [['trigger', 'batch.failed', '--to', 'http://localhost/', '--count', '0'], ['--count']],
    [['trigger', 'batch.failed', '--to', 'http://localhost/', '--rate', '0'], ['--rate']],
    [
      ['trigger', 'batch.failed', '--to', 'http://localhost/', '--fault', 'explode'],
      ['--fault', 'duplicate', 'forge', 'stale'],
    ],
  ])('exits with 2 for %j and names the argument', async (args, names) => {
    const { code, out, err } = await cli(args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    for (const name of names) expect(err).toContain(name);
  });

  it('exits with 2 for a malformed secret of the environment, without showing it', async () => {
    const { code, err } = await cli(['trigger', 'batch.failed', '--to', 'http://localhost/'], {
      env: { GEMINI_WEBHOOK_SECRET: 'hunter2!' },
    });

    expect(code).toBe(2);
    expect(err).toContain('GEMINI_WEBHOOK_SECRET');
    expect(err).not.toContain('hunter2');
  });
});
