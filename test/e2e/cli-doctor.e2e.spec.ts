import { GoogleGenAI } from '@google/genai';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { json } from 'express';
import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSecretStore } from '../../lib/index.js';
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
  const own = receiver({ jwks: { url: gemini.jwksUrl }, binding: { secret: 'x'.repeat(32) } }, secret);
  const { origin } = await startApp(own.metadata, { adapter });
  return { ...own, url: origin + PATH };
}

/** Creates a webhook of the project with Google's client. */
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

/** Starts a server between doctor and the app. */
async function proxy(
  answer: (path: string, headers: Record<string, string>, body: Buffer) => Promise<Response>,
): Promise<string> {
  const server = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      const answered = await answer(request.url ?? '', request.headers as Record<string, string>, body);
      for (const name of ['date', 'content-type']) {
        const value = answered.headers.get(name);
        if (value) response.setHeader(name, value);
      }
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
  it('passes all checks of a working app, and pings its webhook', async () => {
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
      ['handlers', 'passed'],
      ['clock', 'passed'],
      ['key set', 'passed'],
      ['ping', 'passed'],
    ]);
    expect({ code, err, ok: report.ok }).toEqual({ code: 0, err: '', ok: true });
    expect(gemini.deliveries).toMatchObject([{ url, status: 200 }]);
    expect(report.checks.at(-1)?.found).toContain('GeminiEventBus');
    expect(events.map(({ type }) => type)).toEqual([gemini.deliveries[0]!.type]);
  });
});

describe('doctor', () => {
  it('prints one line per check with its state, without colours unless there is a terminal', async () => {
    const { url } = await app();
    const options = { env: environment(newSecret()) };
    const { report } = await doctor(url, ['--local'], options);
    const plain = await cli(['doctor', url, '--local'], options);
    const coloured = await cli(['doctor', url, '--local'], { ...options, hasColours: true });

    const rows = plain.out.split('\n').slice(0, report.checks.length);
    const cells = rows.map((row) => row.split(/ {2,}/));
    const marks = Object.fromEntries(report.checks.map(({ state }, index) => [state, cells[index]![0]]));
    expect(cells.map(([mark, name]) => [mark, name])).toEqual(
      report.checks.map(({ name, state }) => [marks[state], name]),
    );
    expect(Object.keys(marks).toSorted()).toEqual(['failed', 'passed', 'skipped']);
    expect(new Set(Object.values(marks)).size).toBe(3);
    expect(plain.out).not.toContain('\u001b');
    expect(coloured.out.split('\u001b[').length).toBeGreaterThan(report.checks.length);
  });

  it('counts the checks, and says of those not made why and how to make them', async () => {
    const { url } = await app();
    const { code, out } = await cli(['doctor', url, '--local'], {
      env: { GEMINI_WEBHOOK_JWKS_URL: gemini.jwksUrl, GEMINI_API_KEY: gemini.apiKey },
    });
    const [counts = '', ...reasons] = out.split('\n\n')[1]!.split('\n');
    const reasonFor = (name: string) => reasons.find((reason) => reason.includes(name));

    expect(code).toBe(0);
    expect(counts.match(/\d+/g)).toEqual(['4', '0', '4']);
    for (const option of ['--secret', '--store', 'trigger --dynamic']) expect(reasonFor('raw body')).toContain(option);
    expect(reasonFor('handlers')).toBe(reasonFor('raw body'));
    expect(reasonFor('ping')).toContain('--webhook');
  });

  it('checks the raw body and the handlers with the secret of a store', async () => {
    const webhook = await staticWebhook();
    const { url } = await app({ secret: webhook.secret });
    await webhook.update({ uri: url });
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    const path = join(folder, 'secrets.json');
    await fileSecretStore(path)({ registration: 'default', keys: [] }).save('mine', [{ value: webhook.secret }]);
    const { code, check } = await doctor(url, ['--local', '--store', `file:${path}`, '--webhook', 'mine'], {
      env: environment(),
    });
    rmSync(folder, { recursive: true });

    expect(code).toBe(0);
    expect(['raw body', 'handlers', 'ping'].map((name) => check(name)?.state)).toEqual(['passed', 'passed', 'passed']);
  });

  it('exits with 2 for a store without the name of a webhook', async () => {
    const { code, err } = await cli(['doctor', 'http://127.0.0.1:9/', '--local', '--store', 'inbox']);

    expect(code).toBe(2);
    expect(err).toContain('--webhook');
  });

  it('reports that Google cannot reach a URL of this machine', async () => {
    const { secret, url } = await app();
    const { code, report, err } = await doctor(url, [], { env: environment(secret) });
    const failed = report.checks.filter(({ state }) => state === 'failed');

    expect(code).toBe(1);
    expect(failed).toMatchObject([
      { name: 'public', found: expect.stringContaining('https'), todo: expect.stringContaining('--local') },
    ]);
    expect(err).toMatch(/\b1\b/);
  });

  it('reports that no app runs there, and makes no further checks of it', async () => {
    const url = `${await proxy(() => Promise.reject(new Error('never')))}${PATH}`;
    servers.pop()!.close().closeAllConnections();
    const { code, check } = await doctor(url, ['--local'], { env: environment(newSecret()) });

    expect(code).toBe(1);
    expect(check('route')).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('ECONNREFUSED'),
    });
    expect(check('raw body')).toMatchObject({ state: 'skipped' });
    expect(check('clock')).toMatchObject({ state: 'skipped', found: expect.not.stringContaining('date') });
  });

  it('reports a wrong route', async () => {
    const { secret, url } = await app();
    const { check } = await doctor(`${url}s`, ['--local'], { env: environment(secret) });

    expect(check('route')).toMatchObject({ state: 'failed', found: expect.stringContaining('404') });
  });

  it('reports a wrong secret, and shows neither', async () => {
    const { secret, url } = await app();
    const other = newSecret();
    const { check, report } = await doctor(url, ['--local', '--secret', other], { env: environment() });

    expect(check('raw body')).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('401 signature_mismatch'),
      todo: expect.stringContaining('secret'),
    });
    expect(JSON.stringify(report)).not.toContain(other.slice(6, 16));
    expect(JSON.stringify(report)).not.toContain(secret.slice(6, 16));
  });

  it('reports a body parser that runs before the module', async () => {
    const { secret, metadata } = receiver({ jwks: { url: gemini.jwksUrl } });
    const parsing = {
      ...ADAPTERS[0],
      create: async () => {
        const express = await ADAPTERS[0].create();
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
    expect(check('unsigned')).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('500 raw_body_unavailable'),
      todo: expect.stringContaining('main.ts'),
    });
  });

  it('reports a proxy that serializes the body again', async () => {
    const { secret, url } = await app();
    const front = await proxy((_path, headers, body) =>
      passOn(url, headers, JSON.stringify(JSON.parse(body.toString()))),
    );
    const { check } = await doctor(front + PATH, ['--local'], { env: environment(secret) });

    expect(check('raw body')).toMatchObject({
      state: 'failed',
      found: expect.not.stringContaining('signature_mismatch'),
      todo: expect.not.stringContaining('secret'),
    });
    expect(check('handlers')?.found).toContain('header');
  });

  it('reports a wrong clock of the app', async () => {
    const { secret, url } = await app();
    const front = await proxy(async (_path, headers, body) => {
      const answer = await passOn(url, headers, body);
      const date = new Date(Date.now() - 400_000).toUTCString();
      const type = answer.headers.get('content-type') ?? '';
      return new Response(await answer.text(), { status: answer.status, headers: { date, 'content-type': type } });
    });
    const { check } = await doctor(front + PATH, ['--local'], { env: environment(secret) });

    expect(check('clock')).toMatchObject({
      state: 'failed',
      found: expect.stringMatching(/\b(399|400|401) s behind\b/),
    });
    expect(check('handlers')).toMatchObject({ state: 'skipped', found: expect.any(String) });
  });

  it('reports a key set that cannot be fetched', async () => {
    const { secret, url } = await app();
    const { check } = await doctor(url, ['--local', '--jwks-url', `${gemini.baseUrl}/nowhere`], {
      env: environment(secret),
    });

    expect(check('key set')).toMatchObject({ state: 'failed' });
  });

  it.each([
    ['delivers elsewhere', {}, '/elsewhere'],
    ['is disabled', { state: 'disabled' as const }, 'disabled'],
  ])('reports a webhook that %s, and does not ping it', async (_, changes, found) => {
    const webhook = await staticWebhook();
    const { secret, url } = await app({ secret: webhook.secret });
    if (Object.keys(changes).length > 0) await webhook.update({ uri: url, ...changes });
    const { check } = await doctor(url, ['--local', '--webhook', 'mine'], { env: environment(secret) });

    expect(check('ping')).toMatchObject({ state: 'failed', found: expect.stringContaining(found) });
    expect(gemini.countOf('webhooks.ping')).toBe(0);
  });

  it('reports that Gemini signs with a secret that the app does not have', async () => {
    const webhook = await staticWebhook();
    const { secret, url } = await app();
    await webhook.update({ uri: url });
    const { check } = await doctor(url, ['--local', '--webhook', 'mine'], { env: environment(secret) });

    expect(check('raw body')).toMatchObject({ state: 'passed' });
    expect(check('ping')).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('mine'),
      todo: expect.stringContaining('"rotate"'),
    });
    expect(gemini.countOf('webhooks.ping')).toBe(0);
  });

  it('reports an unknown webhook', async () => {
    await staticWebhook();
    const { secret, url } = await app();
    const { check } = await doctor(url, ['--local', '--webhook', 'theirs'], { env: environment(secret) });

    expect(check('ping')).toMatchObject({ state: 'failed', found: expect.stringMatching(/\btheirs\b.*\bmine\b/) });
  });

  it('reports a wrong API key', async () => {
    const { secret, url } = await app();
    const { check } = await doctor(url, ['--local', '--webhook', 'mine'], {
      env: { ...environment(secret), GEMINI_API_KEY: 'wrong' },
    });

    expect(check('ping')).toMatchObject({ state: 'failed', found: expect.stringContaining('400') });
    expect(check('ping')?.todo).toContain('GEMINI_API_KEY');
  });
});
