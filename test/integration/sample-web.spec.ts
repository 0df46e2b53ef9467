import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from '../support/until.js';
import { Sample } from '../support/sample.js';
import { SampleLive } from '../support/sample-live.js';
import { freePort } from './support/own-stores.js';
import { STORES } from '../support/stores.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const login = (password: string) => ({ authorization: `Basic ${btoa(`admin:${password}`)}` });

jest.setTimeout(60_000);

describe('the web process of the sample', () => {
  let sample: Sample;

  beforeAll(async () => {
    sample = await Sample.start();
    await sample.web();
  });

  afterAll(() => sample.remove());

  const get = (path: string, headers: Record<string, string> = {}) => fetch(sample.origin + path, { headers });

  it('serves the page and its parts, with nothing from elsewhere', async () => {
    const page = await get('/');
    const html = await page.text();
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('x-powered-by')).toBeNull();
    const parts = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) expect((await get(part)).status).toBe(200);
  });

  it.each([
    '/assets/nothing.js',
    '/assets/..%2f..%2fpage-api.ts',
    '/assets/..%2findex.html%00',
    '/assets/',
    '/nothing',
  ])('has nothing at %s', async (path) => {
    const answer = await get(path);
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: answer.status, detail: expect.any(String) });
  });

  it.each([
    ['batches', { prompts: 0 }],
    ['batches', { prompts: 50_001 }],
    ['batches', { prompts: 'many' }],
    ['batches', { promts: 5 }],
    ['batches', []],
    ['films', { scenes: [] }],
    ['films', { scenes: [''] }],
    ['films', { scenes: Array.from({ length: 22 }, () => 'x') }],
    ['films', { scenes: 'one' }],
    ['research', { question: '' }],
    ['research', { question: 7 }],
  ])('refuses to start %s with %j', async (path, body) => {
    expect(await sample.send('POST', `/api/${path}`, body)).toMatchObject({
      status: 400,
      body: { title: 'Bad Request' },
    });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined])(
    'takes nothing that another site can send: %s',
    async (type) => {
      const send = (path: string, method: string) =>
        fetch(sample.origin + path, {
          method,
          body: '{}',
          headers: type === undefined ? {} : { 'content-type': type },
        });
      const paths = ['batches', 'films', 'research', `research/${crypto.randomUUID()}/decision`, 'faults/kill-worker'];
      for (const path of paths) expect((await send(`/api/${path}`, 'POST')).status).toBe(415);
      expect((await send('/api/faults/lose', 'PUT')).status).toBe(415);
      expect((await sample.state()).workflows).toEqual([]);
    },
  );

  it('has no faults where Gemini is not simulated', async () => {
    expect((await sample.state()).faults).toBeNull();
    expect(await sample.send('PUT', '/api/faults/lose', { on: true })).toMatchObject({ status: 404 });
    expect(await sample.send('POST', '/api/faults/kill-worker', {})).toMatchObject({ status: 404 });
  });

  it('writes down what it refuses at the webhook, and tells the open page', async () => {
    const live = await SampleLive.open(sample.origin);
    const answer = await fetch(`${sample.origin}/gemini/webhooks`, { method: 'POST', headers: JSON_TYPE, body: '{}' });

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'missing_header' });
    expect(await live.next('delivery')).toMatchObject({
      outcome: 'refused',
      status: 400,
      code: 'missing_header',
      event: null,
    });
    live.close();
  });

  it('asks for the login before the board answers, and lets nobody in from another site', async () => {
    const paths = [
      '/admin/queues',
      '/admin/queues/api/queues',
      '/ADMIN/queues/api/queues',
      '/admin/queues/static/js/x.js',
    ];
    for (const path of paths) {
      for (const headers of [{}, login('wrong'), login(''), { authorization: 'Bearer open sesame' }]) {
        const refused = await get(path, headers);
        expect(refused.status).toBe(401);
        expect(refused.headers.get('www-authenticate')).toContain('Basic');
      }
    }
    const board = await get('/admin/queues', login('open sesame'));
    expect(board.status).toBe(200);
    expect(board.headers.get('content-security-policy')).toContain("default-src 'self'");
    const retry = await fetch(`${sample.origin}/admin/queues/api/queues/any/retry/failed`, {
      method: 'PUT',
      headers: { ...login('open sesame'), 'sec-fetch-site': 'cross-site' },
    });
    expect(retry.status).toBe(403);
  });
});

describe('the sample as a whole', () => {
  let sample: Sample;
  const servers: Server[] = [];

  afterEach(async () => {
    await sample.remove();
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  it.each(STORES)('shows on the board what is in the inbox and which jobs are tracked, on $name', async (store) => {
    sample = await Sample.start(store.name === 'Redis' ? { inboxUrl: store.url } : {});
    await sample.web();
    await sample.worker();
    await sample.ended(await sample.begin('batches', { prompts: 3 }));

    const board = await fetch(`${sample.origin}/admin/queues/api/queues`, { headers: login('open sesame') });
    const { queues } = (await board.json()) as { queues: { name: string; counts: Record<string, number> }[] };

    expect(queues.map(({ name }) => name.replace(/^sample-[-\da-f]{36}/, 'sample'))).toEqual(['sample', 'sample-jobs']);
    expect(queues[0]!.counts).toMatchObject({ completed: 1, failed: 0 });
    expect(queues[1]!.counts['completed']).toBeGreaterThan(0);
  });

  it('tells the open page of a batch as it comes: state, workflow, event, delivery, results', async () => {
    sample = await Sample.start();
    await sample.web();
    await sample.worker();
    const live = await SampleLive.open(sample.origin);
    const id = await sample.begin('batches', { prompts: 600 });
    await until(() => live.workflow(id)?.status === 'succeeded');

    expect(live.first).toBe('state');
    expect(live.workflow(id)).toMatchObject({ batch: { good: 588, failed: 12 }, progress: { done: 600, total: 600 } });
    expect(live.all('event')).toEqual([{ type: 'batch.succeeded', workflow: id, scheme: null }]);
    expect(live.all('delivery')).toMatchObject([{ outcome: 'accepted', status: 202, scheme: 'v1a', workflow: id }]);
    await until(() => live.all('results').at(-1)?.rows.at(-1)?.position === 599);
    for (const { workflow, rows } of live.all('results')) {
      expect(workflow).toBe(id);
      expect(rows.length).toBeLessThanOrEqual(20);
    }
    const page = await fetch(`${sample.origin}/api/batches/${id}/results?after=47&limit=3`);
    expect(await page.json()).toMatchObject([
      { position: 48, error: null },
      { position: 49, text: null },
      { position: 50 },
    ]);
    live.close();
  });

  it('starts as web and workers at once on an empty database, and each ends in good order', async () => {
    sample = await Sample.start();
    const started = await Promise.all([sample.web(), sample.worker(), sample.worker({ SAMPLE_PROCESS: 'worker-2' })]);
    await sample.ended(await sample.begin('films', { scenes: ['dawn', 'noon'] }));

    expect(await sample.rows('SELECT id FROM gemini_sample.__drizzle_migrations')).toHaveLength(3);
    const [web, worker, abandoned] = started;
    expect(await worker!.end('SIGTERM')).toEqual([null, 'SIGTERM']);
    expect(await abandoned!.abandon()).toEqual([0, null]);
    // A page that is open keeps nobody from ending.
    const live = await SampleLive.open(sample.origin);
    expect(await web!.end('SIGTERM')).toEqual([null, 'SIGTERM']);
    expect(started.map(({ log }) => /ERROR|WARN/.exec(log)?.[0])).toEqual([undefined, undefined, undefined]);
    live.close();
  });

  it('switches faults at who started the simulator, and tells the pages of every web process', async () => {
    const asked: string[] = [];
    let faults = [{ name: 'lose', on: false }];
    const control = createServer(async (request, response) => {
      const { method, url, headers } = request;
      const body = await text(request);
      asked.push(`${method} ${url} ${headers.authorization} ${body}`);
      if (method === 'PUT') faults = [{ name: 'lose', on: true }];
      response.writeHead(method === 'GET' ? 200 : 204).end(method === 'GET' ? JSON.stringify(faults) : undefined);
    });
    servers.push(control);
    await once(control.listen(0, '127.0.0.1'), 'listening');
    const { port } = control.address() as AddressInfo;
    sample = await Sample.start({
      env: { SAMPLE_CONTROL_URL: `http://127.0.0.1:${port}`, SAMPLE_CONTROL_TOKEN: 'token' },
    });
    const other = await freePort();
    await Promise.all([sample.web(), sample.web({ PORT: String(other), SAMPLE_PROCESS: 'web-2' })]);
    const pages = [await SampleLive.open(sample.origin), await SampleLive.open(`http://127.0.0.1:${other}`)];
    expect(pages.map((page) => page.all('state')[0])).toMatchObject([
      { faults, process: 'web-1' },
      { faults, process: 'web-2' },
    ]);

    expect(await sample.send('PUT', '/api/faults/lose', { on: true })).toMatchObject({ status: 204 });
    for (const page of pages) expect(await page.next('faults')).toEqual([{ name: 'lose', on: true }]);
    expect(await sample.send('POST', '/api/faults/kill-worker', {})).toMatchObject({ status: 204 });
    expect(asked).toContain('PUT /faults/lose Bearer token {"on":true}');
    expect(asked.at(-1)).toBe('POST /worker/kill Bearer token ');

    expect(await sample.send('PUT', '/api/faults/else', { on: true })).toMatchObject({ status: 404 });
    control.close();
    control.closeAllConnections();
    expect(await sample.send('PUT', '/api/faults/lose', { on: true })).toMatchObject({ status: 502 });
    // A workflow is told to the pages of the other process as well.
    const id = await sample.begin('films', { scenes: ['dawn'] });
    await until(() => pages.every((page) => page.workflow(id) !== undefined));
    for (const page of pages) page.close();
  });

  it('puts the page behind the login, and not the webhook', async () => {
    sample = await Sample.start({ env: { SAMPLE_LOGIN: 'true' } });
    await sample.web();

    for (const path of ['/', '/assets/style.css', '/api/live', '/api/batches', '/admin/queues'])
      expect((await fetch(sample.origin + path)).status).toBe(401);
    expect((await fetch(sample.origin, { headers: login('open sesame') })).status).toBe(200);
    const webhook = await fetch(`${sample.origin}/gemini/webhooks`, { method: 'POST', headers: JSON_TYPE, body: '{}' });
    expect(webhook.status).toBe(400);
  });

  it('makes a password of its own when there is none, and says it once', async () => {
    sample = await Sample.start({ env: { SAMPLE_ADMIN_PASSWORD: '' } });
    const { log } = await sample.web();
    const [, password] = /as admin with ([\w-]+)/.exec(log)!;

    const queues = `${sample.origin}/admin/queues`;
    expect((await fetch(queues, { headers: login(password!) })).status).toBe(200);
    expect((await fetch(queues, { headers: login('') })).status).toBe(401);
    expect(log.split(password!)).toHaveLength(2);
  });
});
