import { GoogleGenAI } from '@google/genai';
import { Controller, Module, Post } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { json } from 'express';
import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { GeminiSimulator } from '../../lib/testing/index.js';
import { ADAPTERS, closeApps, startApp, type AdapterCase } from '../support/apps.js';
import { cli, type CliOptions } from '../support/cli.js';
import { receiver } from '../support/receiver.js';
import { newSecret } from '../support/senders.js';
import { until } from '../support/until.js';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly state: string;
    readonly found: string;
    readonly todo: string;
  }[];
}

const PATH = '/gemini/webhooks';
const servers: Server[] = [];
let gemini: GeminiSimulator;

beforeEach(async () => {
  gemini = await GeminiSimulator.start();
});

afterEach(async () => {
  await closeApps();
  for (const server of servers.splice(0))
    await new Promise((resolve) => void server.close(resolve).closeAllConnections());
  await gemini.close();
});

async function app({ adapter = ADAPTERS[0], secret = newSecret() }: { adapter?: AdapterCase; secret?: string } = {}) {
  const own = receiver({ jwks: { url: gemini.jwksUrl } }, secret);
  const { origin } = await startApp(own.metadata, { adapter });
  return { ...own, url: origin + PATH };
}

/** A webhook of the project, made by Google's client. */
async function staticWebhook() {
  const { webhooks } = new GoogleGenAI(gemini.clientOptions);
  const { id = '', new_signing_secret: secret = '' } = await webhooks.create({
    name: 'mine',
    uri: 'http://127.0.0.1:9/elsewhere',
    subscribed_events: ['batch.succeeded'],
  });
  return { secret, update: (changes: Parameters<typeof webhooks.update>[1]) => webhooks.update(id, changes) };
}

function environment(secret?: string) {
  return {
    GEMINI_API_KEY: gemini.apiKey,
    GOOGLE_GEMINI_BASE_URL: gemini.baseUrl,
    GEMINI_WEBHOOK_JWKS_URL: gemini.jwksUrl,
    GEMINI_WEBHOOK_SECRET: secret,
  };
}

async function doctor(url: string, args: readonly string[], options: CliOptions) {
  const { code, out, err } = await cli(['doctor', url, '--json', ...args], options);
  const report = JSON.parse(out) as Report;
  return { code, err, report, check: (name: string) => report.checks.find((one) => one.name === name) };
}

/** A server between doctor and the app. */
async function proxy(
  answer: (path: string, headers: Record<string, string>, body: Buffer) => Promise<Response>,
): Promise<string> {
  const server = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      const answered = await answer(request.url ?? '', request.headers as Record<string, string>, body);
      const date = answered.headers.get('date');
      if (date) response.setHeader('date', date);
      response.writeHead(answered.status).end(await answered.text());
    });
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function passOn(url: string, headers: Record<string, string>, body: Buffer | string): Promise<Response> {
  const kept = Object.entries(headers).filter(([name]) => name.startsWith('webhook-') || name === 'content-type');
  return fetch(url, { method: 'POST', headers: Object.fromEntries(kept), body: body.toString() });
}

describe.each(ADAPTERS)('doctor of an app on $adapter', (adapter) => {
  it('finds everything right, a webhook that is pinged among it', async () => {
    const webhook = await staticWebhook();
    const { url, events } = await app({ adapter, secret: webhook.secret });
    await webhook.update({ uri: url });
    const { code, report, err } = await doctor(url, ['--local', '--webhook', 'mine'], {
      env: environment(webhook.secret),
    });
    await until(() => gemini.deliveries.length === 1);

    expect(report.checks.map(({ name, state }) => [name, state])).toEqual([
      ['public', 'skipped'],
      ['route', 'passed'],
      ['unsigned', 'passed'],
      ['raw body', 'passed'],
      ['clock', 'passed'],
      ['key set', 'passed'],
      ['ping', 'passed'],
    ]);
    expect({ code, err, ok: report.ok }).toEqual({ code: 0, err: '', ok: true });
    expect(gemini.deliveries).toMatchObject([{ url, status: 200 }]);
    expect(events.map(({ type }) => type)).toEqual(['doctor.check', gemini.deliveries[0]!.type]);
  });
});

describe('doctor', () => {
  it('prints one line a check, without colours unless there is a terminal', async () => {
    const { secret, url } = await app();
    const plain = await cli(['doctor', url, '--local'], { env: environment(secret) });
    const coloured = await cli(['doctor', url, '--local'], { env: environment(secret), hasColours: true });

    expect(plain.out.split('\n').map((line) => line.slice(0, 16).trimEnd())).toEqual([
      'skip  public',
      'ok    route',
      'ok    unsigned',
      'ok    raw body',
      'ok    clock',
      'ok    key set',
      'skip  ping',
    ]);
    expect(plain.out).not.toContain('\u001b');
    expect(coloured.out).toContain('\u001b[32mok');
  });

  it('says of a URL of this machine that Google cannot reach it', async () => {
    const { secret, url } = await app();
    const { code, check, err } = await doctor(url, [], { env: environment(secret) });

    expect(code).toBe(1);
    expect(check('public')).toMatchObject({ state: 'failed', found: expect.stringContaining('not https') });
    expect(err).toBe('1 check failed.');
  });

  it('finds that no app runs there, and looks no further at it', async () => {
    const url = `${await proxy(() => Promise.reject(new Error('never')))}${PATH}`;
    servers.pop()!.close().closeAllConnections();
    const { code, check } = await doctor(url, ['--local'], { env: environment(newSecret()) });

    expect(code).toBe(1);
    expect(check('route')).toMatchObject({
      state: 'failed',
      todo: 'Is the app running there, and may this machine reach it?',
    });
    expect(check('raw body')).toMatchObject({ state: 'skipped' });
  });

  it('finds that the route is another', async () => {
    const { secret, url } = await app();
    const { check } = await doctor(`${url}s`, ['--local'], { env: environment(secret) });

    expect(check('route')).toMatchObject({ state: 'failed', found: expect.stringContaining('404') });
  });

  it('finds a route that takes what nobody has signed', async () => {
    @Controller()
    class Anybody {
      @Post(PATH)
      take() {}
    }
    @Module({ controllers: [Anybody] })
    class Open {}
    const { origin } = await startApp({ imports: [Open] }, { adapter: ADAPTERS[0] });
    const { check } = await doctor(origin + PATH, ['--local'], { env: environment() });

    expect(check('unsigned')).toMatchObject({
      state: 'failed',
      found: 'taken: 201',
      todo: expect.stringContaining('GeminiSignatureGuard'),
    });
  });

  it('finds that the secret is another, and shows neither', async () => {
    const { secret, url } = await app();
    const other = newSecret();
    const { check, report } = await doctor(url, ['--local', '--secret', other], { env: environment() });

    expect(check('raw body')).toMatchObject({ state: 'failed', todo: expect.stringContaining('another secret') });
    expect(JSON.stringify(report)).not.toContain(other.slice(6, 16));
    expect(JSON.stringify(report)).not.toContain(secret.slice(6, 16));
  });

  it('finds that something in front of Nest parses the body', async () => {
    const { secret, metadata } = receiver({ jwks: { url: gemini.jwksUrl } });
    const parsing = {
      ...ADAPTERS[0],
      create: () => {
        const express = ADAPTERS[0].create();
        express.use(json());
        return express;
      },
    };
    const { origin } = await startApp(metadata, { adapter: parsing });
    const { check } = await doctor(origin + PATH, ['--local'], { env: environment(secret) });

    expect(check('raw body')).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('500 raw_body_unavailable'),
    });
  });

  it('finds that a proxy writes the body anew', async () => {
    const { secret, url } = await app();
    const front = await proxy((_path, headers, body) =>
      passOn(url, headers, JSON.stringify(JSON.parse(body.toString()))),
    );
    const { check } = await doctor(front + PATH, ['--local'], { env: environment(secret) });

    expect(check('raw body')).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('only when its JSON is compact'),
    });
  });

  it('finds that the clock of the app is wrong', async () => {
    const { secret, url } = await app();
    const front = await proxy(async (_path, headers, body) => {
      const answer = await passOn(url, headers, body);
      const date = new Date(Date.now() - 400_000).toUTCString();
      return new Response(await answer.text(), { status: answer.status, headers: { date } });
    });
    const { check } = await doctor(front + PATH, ['--local'], { env: environment(secret) });

    expect(check('clock')).toMatchObject({ state: 'failed', found: expect.stringMatching(/(399|400|401) s behind/) });
  });

  it('finds that the key set cannot be had', async () => {
    const { secret, url } = await app();
    const { check } = await doctor(url, ['--local', '--jwks-url', `${gemini.baseUrl}/nowhere`], {
      env: environment(secret),
    });

    expect(check('key set')).toMatchObject({ state: 'failed' });
  });

  it.each([
    ['delivers elsewhere', {}, '/elsewhere'],
    ['is disabled', { state: 'disabled' as const }, 'is disabled'],
  ])('finds that the webhook %s, and does not ping it', async (_, changes, found) => {
    const webhook = await staticWebhook();
    const { secret, url } = await app({ secret: webhook.secret });
    if (Object.keys(changes).length > 0) await webhook.update({ uri: url, ...changes });
    const { check } = await doctor(url, ['--local', '--webhook', 'mine'], { env: environment(secret) });

    expect(check('ping')).toMatchObject({ state: 'failed', found: expect.stringContaining(found) });
    expect(gemini.countOf('webhooks.ping')).toBe(0);
  });

  it('finds that Gemini signs with another secret than the app verifies with', async () => {
    const webhook = await staticWebhook();
    const { secret, url } = await app();
    await webhook.update({ uri: url });
    const { check } = await doctor(url, ['--local', '--webhook', 'mine'], { env: environment(secret) });

    expect(check('raw body')).toMatchObject({ state: 'passed' });
    expect(check('ping')).toMatchObject({ state: 'failed', found: expect.stringContaining('another secret') });
  });

  it('finds that there is no such webhook', async () => {
    await staticWebhook();
    const { secret, url } = await app();
    const { check } = await doctor(url, ['--local', '--webhook', 'theirs'], { env: environment(secret) });

    expect(check('ping')).toMatchObject({ state: 'failed', found: expect.stringContaining('It has: mine') });
  });

  it('finds that the API key is wrong', async () => {
    const { secret, url } = await app();
    const { check } = await doctor(url, ['--local', '--webhook', 'mine'], {
      env: { ...environment(secret), GEMINI_API_KEY: 'wrong' },
    });

    expect(check('ping')).toMatchObject({ state: 'failed', found: expect.stringContaining('API key not valid') });
  });
});
