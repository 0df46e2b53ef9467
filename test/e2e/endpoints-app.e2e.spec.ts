import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { getGeminiToken, GeminiWebhookEndpoints, type GeminiWebhooksModuleOptions } from '../../lib/index.js';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { inboxOn, removeTestQueues, testQueue } from '../support/durable.js';
import { STORES } from '../support/stores.js';
import { closeApps } from '../support/apps.js';
import {
  createUnkept,
  endpointsOf,
  EVENTS,
  MemoryStore,
  NAME,
  startEndpointApp,
  URI,
  webhooksOf,
} from '../support/endpoints.js';
import { post } from '../support/http.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { PROCESSED } from '../support/static-webhooks.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

afterEach(async () => {
  await closeApps();
  await removeTestQueues();
  await closeSimulators();
});

const MISMATCH = { status: 401, body: { code: 'signature_mismatch' } };
const KEYS_UNAVAILABLE = { status: 503, body: { code: 'keys_unavailable' } };

const endpointOf = (secretStore: unknown, rest: object = {}) =>
  ({ jwks: false, endpoint: { name: NAME, events: EVENTS, secretStore, ...rest } }) as GeminiWebhooksModuleOptions;

const send = (uri: string, secret: string) =>
  post(uri, withHmac(secret, bodyOf('batch.failed', { id: crypto.randomUUID() })));

const idOf = async (gemini: GeminiSimulator) => (await webhooksOf(gemini))[0]!.id;

const kept = async (store: MemoryStore) => (await store.load(NAME))[0]!.value;

async function started() {
  const gemini = await startGemini();
  const store = new MemoryStore();
  const app = await startEndpointApp(gemini, endpointOf(store));
  return { gemini, store, ...app };
}

describe('an app with a static webhook', () => {
  it('creates its webhook for its route at start, and accepts deliveries signed with its secret', async () => {
    const { gemini, store, endpoints, uri, heard } = await started();

    expect(await webhooksOf(gemini)).toMatchObject([{ name: NAME, uri: URI, events: EVENTS }]);
    expect(endpoints.status).toMatchObject({ state: 'synced', done: 'created', webhook: { name: NAME } });
    expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);
    expect(await send(uri, newSecret())).toMatchObject(MISMATCH);
    expect(heard).toMatchObject([{ delivery: { strategy: 'hmac' } }]);
  });

  it('accepts the deliveries that Gemini signs, including a ping', async () => {
    const { gemini, endpoints, uri, heard } = await started();
    const { webhook } = await endpoints.sync({ name: NAME, uri, events: EVENTS, secretStore: new MemoryStore() });

    await endpoints.ping(webhook.id);
    await gemini.idle();

    await until(() => heard.length === 1);
    expect(gemini.deliveries.at(-1)).toMatchObject({ status: 200 });
  });

  it('also verifies with its configured secrets', async () => {
    const gemini = await startGemini();
    const [own, store] = [newSecret(), new MemoryStore()];
    const { uri } = await startEndpointApp(gemini, { ...endpointOf(store), hmac: { secrets: () => own } });

    expect(await send(uri, own)).toMatchObject(PROCESSED);
    expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);
    expect(await send(uri, newSecret())).toMatchObject(MISMATCH);
  });

  it('uses a rotated secret at once in every process, and the old one until it expires', async () => {
    const { gemini, store, endpoints, uri } = await started();
    const told = await startEndpointApp(gemini, endpointOf(store));
    const untold = await startEndpointApp(gemini, endpointOf(store.unwatched()));
    const old = await kept(store);

    const id = await idOf(gemini);
    await endpoints.rotate(id, { revokePrevious: 'after24h' });

    for (const process of [uri, told.uri, untold.uri]) {
      expect(await send(process, await kept(store))).toMatchObject(PROCESSED);
      expect(await send(process, old)).toMatchObject(PROCESSED);
    }
  });

  it('refuses a revoked secret', async () => {
    const { gemini, store, endpoints, uri } = await started();
    const untold = await startEndpointApp(gemini, endpointOf(store.unwatched()));
    const old = await kept(store);

    const id = await idOf(gemini);
    await endpoints.rotate(id, { revokePrevious: 'now' });

    expect(await send(uri, old)).toMatchObject(MISMATCH);
    expect(await send(untold.uri, await kept(store))).toMatchObject(PROCESSED);
    expect(await send(untold.uri, old)).toMatchObject(MISMATCH);
  });

  it('refuses deliveries after it has removed its webhook, and accepts those of a new one', async () => {
    const { gemini, store, endpoints, uri } = await started();
    const old = await kept(store);
    await endpoints.remove(await idOf(gemini));
    expect(await send(uri, old)).toMatchObject(MISMATCH);

    await endpoints.sync({ name: NAME, events: EVENTS, secretStore: store });

    expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);
    expect(await send(uri, old)).toMatchObject(MISMATCH);
  });

  it('accepts deliveries of a webhook that is synced while one of its name is being removed', async () => {
    const { gemini, store, endpoints, uri } = await started();
    const removed = endpoints.remove(await idOf(gemini));
    let synced: Promise<unknown> | undefined;
    store.onSave = (name, secrets) => {
      if (name === NAME && secrets.length === 0)
        synced ??= endpoints.sync({ name: NAME, events: EVENTS, secretStore: store });
    };

    await removed;
    await synced;

    expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);
  });

  it('drops a secret when it expires, without a notification', async () => {
    const { store, uri } = await started();
    const [newest, old] = [newSecret(), newSecret()];
    await store.save(NAME, [{ value: newest }, { value: old, expiresAt: new Date(Date.now() + 3_000).toISOString() }]);

    expect(await send(uri, old)).toMatchObject(PROCESSED);
    await until(async () => (await send(uri, old)).status === 401);
    expect(await send(uri, newest)).toMatchObject(PROCESSED);
  });

  it('finds changes by itself when a notification is lost', async () => {
    const gemini = await startGemini();
    const store = new MemoryStore();
    const { uri } = await startEndpointApp(gemini, endpointOf(store.unwatched()));
    const old = await kept(store);

    await store.save(NAME, [{ value: newSecret() }]);

    await until(async () => (await send(uri, old)).status === 401);
  });

  it('answers 503 while another process rotates, up to the max duration of a rotation', async () => {
    const { store, uri } = await started();
    const rotating = (ms: number) =>
      store.save(`${NAME}.rotating`, [{ value: 'now', expiresAt: new Date(Date.now() + ms).toISOString() }]);

    await rotating(60_000);
    const answer = await send(uri, newSecret());
    expect(answer).toMatchObject(KEYS_UNAVAILABLE);
    expect(answer.headers.get('retry-after')).toBe('10');
    expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);

    await rotating(-1);
    expect(await send(uri, newSecret())).toMatchObject(MISMATCH);
  });

  it('answers 503 during its own rotation', async () => {
    const { gemini, store, endpoints, uri } = await started();
    const id = await idOf(gemini);
    let unsaved: string | undefined;
    let goOn = (): void => undefined;
    store.onSave = (name, [secret]) => {
      if (name !== NAME) return undefined;
      unsaved = secret!.value;
      return new Promise<void>((resolve) => (goOn = resolve));
    };

    const rotated = endpoints.rotate(id, { revokePrevious: 'now' });
    await until(() => unsaved !== undefined);
    expect(await send(uri, unsaved!)).toMatchObject(KEYS_UNAVAILABLE);
    goOn();
    await rotated;

    expect(await send(uri, unsaved!)).toMatchObject(PROCESSED);
  });

  it('keeps the loaded secrets while its store is down', async () => {
    const { store, uri } = await started();
    const known = await kept(store);
    store.onLoad = () => Promise.reject(new Error('the store is away'));

    expect(await send(uri, newSecret())).toMatchObject(KEYS_UNAVAILABLE);
    expect(await send(uri, known)).toMatchObject(PROCESSED);

    store.onLoad = () => undefined;
    expect(await send(uri, newSecret())).toMatchObject(MISMATCH);
  });

  it('loads at most once a second, however many forgeries arrive', async () => {
    const { store, uri } = await started();
    await send(uri, newSecret());
    let loads = 0;
    store.onLoad = (name) => void (loads += name === NAME ? 1 : 0);
    const startedAt = Date.now();

    const answers = await Promise.all(Array.from({ length: 50 }, () => send(uri, newSecret())));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(loads).toBeLessThanOrEqual(1 + (Date.now() - startedAt) / 1_000);
  });

  it('logs what it did and with which webhook', async () => {
    const gemini = await startGemini();
    const logger = new RecordingLogger();
    const { app } = await startEndpointApp(gemini);
    app.useLogger(logger);
    const endpoint = { name: NAME, events: EVENTS, secretStore: new MemoryStore(), required: false };
    for (const done of ['created', 'unchanged']) {
      await app.get(GeminiWebhookEndpoints).syncAtStart(endpoint);
      expect(logger.of('log').at(-1)).toMatch(new RegExp(`"my-app" \\(\\S+\\) at https?://\\S+: ${done}\\.`));
    }
    expect(logger.text).not.toContain('whsec_');
  });
});

describe('a static webhook that cannot be synced', () => {
  it.each([
    ['Gemini refuses the key', { status: 403 }],
    ['Gemini is overloaded', { status: 429 }],
    ['Gemini is down', { status: 500 }],
    ['Gemini cannot be reached', { status: 0 }],
  ])('does not stop the app from starting when %s, and is logged', async (_, fault) => {
    const gemini = await startGemini();
    gemini.inject({ fault: 'api_error', ...fault });
    const { endpoints, uri } = await startEndpointApp(gemini, endpointOf(new MemoryStore()));

    expect(endpoints.status).toMatchObject({ state: 'failed', error: expect.any(Error) });
    expect(await send(uri, newSecret())).toMatchObject(KEYS_UNAVAILABLE);
  });

  it('verifies with the stored secrets', async () => {
    const gemini = await startGemini();
    const store = new MemoryStore();
    const { uri: running } = await startEndpointApp(gemini, endpointOf(store));
    expect(await send(running, await kept(store))).toMatchObject(PROCESSED);
    gemini.inject({ fault: 'api_error', status: 403 });

    const { uri } = await startEndpointApp(gemini, endpointOf(store));

    expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);
  });

  it('logs the reason without a secret', async () => {
    const gemini = await startGemini();
    const store = new MemoryStore();
    store.onSave = () => Promise.reject(new Error('the disk is full'));
    const logger = new RecordingLogger();
    const { app } = await startEndpointApp(gemini);
    app.useLogger(logger);

    await app
      .get(GeminiWebhookEndpoints)
      .syncAtStart({ name: NAME, events: EVENTS, secretStore: store, required: false });

    expect(logger.of('error').join()).toMatch(/"my-app" could not be synced.*disk is full/);
    expect(logger.text).not.toContain('whsec_');
  });

  it('stops the app from starting if it is required', async () => {
    const gemini = await startGemini();
    gemini.inject({ fault: 'api_error', status: 403 });

    await expect(startEndpointApp(gemini, endpointOf(new MemoryStore(), { required: true }))).rejects.toMatchObject({
      status: 403,
    });
  });

  it('delays the start only briefly when Gemini is slow', async () => {
    const gemini = await startGemini();
    gemini.inject({ fault: 'api_delay', delayMs: 7_000, operation: 'webhooks.list', times: 1 });

    const { endpoints } = await startEndpointApp(gemini, endpointOf(new MemoryStore()));

    expect(endpoints.status).toEqual({ state: 'syncing' });
    await until(() => endpoints.status.state === 'synced');
  });
});

describe('several apps', () => {
  it('that start at once share one webhook, and each accepts deliveries signed with its secret', async () => {
    const gemini = await startGemini({ time: 'real' });
    const store = new MemoryStore();

    const apps = await Promise.all(Array.from({ length: 10 }, () => startEndpointApp(gemini, endpointOf(store))));

    expect(await webhooksOf(gemini)).toHaveLength(1);
    for (const { uri } of apps) expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);
  });

  it('of a named module instance inject theirs by its token', async () => {
    const gemini = await startGemini();
    const { app } = await startEndpointApp(gemini, { name: 'tenant-b' });

    expect(app.get(getGeminiToken(GeminiWebhookEndpoints, 'tenant-b'))).toBe(app.get(GeminiWebhookEndpoints));
  });

  it('need no endpoint option to sync one', async () => {
    const gemini = await startGemini();
    const store = new MemoryStore();
    await createUnkept(gemini, 'another');
    const { endpoints, uri } = await startEndpointApp(gemini);
    expect(endpoints.status).toEqual({ state: 'off' });

    await endpoints.sync({ name: NAME, events: EVENTS, secretStore: store });

    expect(await send(uri, await kept(store))).toMatchObject(PROCESSED);
    expect(await endpointsOf(gemini).list()).toHaveLength(2);
  });
});

describe.each(STORES)('several apps on one durable inbox on $name', ({ url }) => {
  it('sync one after another, so the webhook is created once and its secret is never rotated', async () => {
    const gemini = await startGemini({ time: 'real' });
    const [store, queue] = [new MemoryStore(), testQueue(url)];

    const apps = await Promise.all(
      Array.from({ length: 5 }, () => startEndpointApp(gemini, { ...endpointOf(store), inbox: inboxOn(queue) })),
    );
    await until(() => apps.every(({ endpoints }) => endpoints.status.state !== 'syncing'));

    const done = apps.map(({ endpoints: { status } }) => (status.state === 'synced' ? status.done : status.state));
    expect(done.toSorted()).toEqual(['created', 'unchanged', 'unchanged', 'unchanged', 'unchanged']);
    expect(['create', 'delete', 'rotateSigningSecret'].map((one) => gemini.countOf(`webhooks.${one}`))).toEqual([
      1, 0, 0,
    ]);
    for (const { uri } of apps) expect((await send(uri, await kept(store))).status).toBe(202);
  });
});
