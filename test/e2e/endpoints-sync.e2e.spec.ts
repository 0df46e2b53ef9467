import { GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DistributedLock } from '../../lib/static-webhooks/webhook-lock.js';
import { fileSecretStore } from '../../lib/index.js';
import {
  createUnkept,
  endpointsOf,
  EVENTS,
  isCurrentKept,
  MemoryStore,
  NAME,
  sharedLock,
  URI,
  webhooksOf,
} from '../support/endpoints.js';
import { until } from '../support/until.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { codeOf, refusalOf } from '../support/verifying.js';

jest.setTimeout(60_000);

afterEach(closeSimulators);

const HOST = { registration: 'default', keys: [] };
const WANTED = { name: NAME, uri: URI, events: EVENTS };

async function started(lock?: DistributedLock) {
  const gemini = await startGemini();
  const secretStore = new MemoryStore();
  const endpoints = endpointsOf(gemini, lock);
  return {
    gemini,
    secretStore,
    endpoints,
    sync: (changes = {}) => endpoints.sync({ ...WANTED, secretStore, ...changes }),
  };
}

describe('GeminiWebhookEndpoints.sync', () => {
  it('creates the webhook if there is none, and stores its secret', async () => {
    const { gemini, secretStore, sync } = await started();

    const { done, webhook } = await sync();

    expect({ done, webhook }).toMatchObject({ done: 'created', webhook: { ...WANTED, state: 'enabled' } });
    expect(await webhooksOf(gemini)).toEqual([webhook]);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect(secretStore.names).toEqual([NAME]);
  });

  it('changes nothing if the webhook is as desired, in any order of events', async () => {
    const { gemini, sync } = await started();
    await sync();

    expect((await sync({ events: EVENTS.toReversed() })).done).toBe('unchanged');
    expect(['webhooks.update', 'webhooks.rotateSigningSecret'].map((one) => gemini.countOf(one))).toEqual([0, 0]);
  });

  it('updates only what differs', async () => {
    const { gemini, sync } = await started();
    const { webhook } = await sync();

    expect(await sync({ uri: `${URI}/2`, events: ['video.generated'] })).toMatchObject({
      done: 'updated',
      webhook: { ...webhook, uri: `${URI}/2`, events: ['video.generated'] },
    });
    expect(await webhooksOf(gemini)).toHaveLength(1);
  });

  it('accepts old names of events', async () => {
    const { sync } = await started();

    expect((await sync({ events: ['batch.completed', 'batch.succeeded'] })).webhook.events).toEqual([
      'batch.succeeded',
    ]);
  });

  it.each([['batch.cancelled'], ['interaction.cancelled'], ['batch.done'], ['__proto__'], [7]])(
    'refuses %p, which cannot be subscribed to, before any request to Gemini',
    async (event) => {
      const { gemini, sync } = await started();

      const refusal = await refusalOf(() => sync({ events: ['batch.failed', event] }));

      expect(refusal.code).toBe('invalid_argument');
      expect(refusal.message).toContain(String(event));
      expect(gemini.requests).toEqual([]);
    },
  );

  it.each([[''], ['a.rotating'], ['a.created.b'], ['x'.repeat(201)]])('refuses the name %p', async (name) => {
    const { gemini, sync } = await started();

    expect(await codeOf(() => sync({ name }))).toBe('invalid_argument');
    expect(gemini.requests).toEqual([]);
  });

  it('finds the webhook on a later page, and does not change the others', async () => {
    const { gemini, sync } = await started();
    for (let index = 0; index < 60; index += 1) await createUnkept(gemini, `other-${index}`);
    const { webhook } = await sync();

    expect((await sync()).webhook.id).toBe(webhook.id);
    expect(await webhooksOf(gemini)).toHaveLength(61);
  });

  it('logs a disabled webhook, which stays disabled until enable', async () => {
    const { gemini, endpoints, sync } = await started();
    const { webhook } = await sync();
    await new GoogleGenAI(gemini.clientOptions).webhooks.update(webhook.id, { state: 'disabled' });

    const found = await sync();

    expect(found).toMatchObject({ done: 'unchanged', webhook: { state: 'disabled' } });
    expect(await endpoints.enable(webhook.id)).toMatchObject({ id: webhook.id, state: 'enabled' });
  });

  it('syncs the oldest of several webhooks of that name, and removes none', async () => {
    const { gemini, endpoints, sync } = await started();
    const { webhook } = await sync();
    await gemini.advance(1_000);
    await createUnkept(gemini);

    expect((await sync({ events: ['batch.failed'] })).webhook.id).toBe(webhook.id);
    const byId = Object.fromEntries((await endpoints.list()).map(({ id, events }) => [id, events]));
    expect(Object.keys(byId)).toHaveLength(2);
    expect(byId[webhook.id]).toEqual(['batch.failed']);
  });

  it('rotates a secret that no store has, and keeps the old one valid', async () => {
    const { gemini, secretStore, sync } = await started(sharedLock());
    await createUnkept(gemini);

    expect((await sync()).done).toBe('rotated');
    expect((await webhooksOf(gemini))[0]!.secrets).toHaveLength(2);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect((await sync()).done).toBe('unchanged');
  });

  it('rotates the secret if the store has an outdated one', async () => {
    const { gemini, secretStore, sync } = await started(sharedLock());
    await sync();
    await gemini.advance(1);
    const [webhook] = await webhooksOf(gemini);
    await endpointsOf(gemini).rotate(webhook!.id, { revokePrevious: 'now', secretStore: new MemoryStore() });

    expect((await sync()).done).toBe('rotated');
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
  });

  it('removes the new webhook if its secret cannot be saved', async () => {
    const { gemini, secretStore, sync } = await started();
    secretStore.onSave = () => Promise.reject(new Error('the disk is full'));

    const refusal = await refusalOf(sync);

    expect(refusal).toMatchObject({
      code: 'secret_not_saved',
      message: expect.stringMatching(/disk is full.*removed again/),
    });
    expect(refusal.message).not.toContain('whsec_');
    expect(await webhooksOf(gemini)).toEqual([]);
  });

  it('finds a webhook that was created although Gemini reported an error, and rotates its secret', async () => {
    const { gemini, secretStore, sync } = await started(sharedLock());
    gemini.inject({ fault: 'api_error', operation: 'webhooks.create', status: 500, afterEffect: true, times: 1 });

    expect((await sync()).done).toBe('rotated');
    expect(await webhooksOf(gemini)).toHaveLength(1);
    expect(gemini.countOf('webhooks.create')).toBe(1);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
  });

  it.each([429, 500, 403])(
    'does not retry the creation when Gemini responds with %p, and reports the response',
    async (status) => {
      const { gemini, sync } = await started();
      gemini.inject({ fault: 'api_error', operation: 'webhooks.create', status });

      await expect(sync()).rejects.toMatchObject({ status });
      expect(gemini.countOf('webhooks.create')).toBe(1);
      expect(await webhooksOf(gemini)).toEqual([]);
    },
  );

  it('finishes a creation whose process was killed after the request', async () => {
    const { gemini, secretStore, sync } = await started();
    secretStore.onSave = (name) => (name === NAME ? new Promise(() => undefined) : undefined);
    const killed = sync().catch(() => undefined);
    await until(() => secretStore.saved.some(({ name }) => name.startsWith(`${NAME}.created.`)));

    secretStore.onSave = () => undefined;
    const { done } = await endpointsOf(gemini, sharedLock()).sync({ ...WANTED, secretStore });

    expect(done).toBe('unchanged');
    expect(await webhooksOf(gemini)).toHaveLength(1);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(0);
    await killed;
  });
});

describe('ten processes that sync at once without a distributed lock', () => {
  it('end with one webhook and its secret', async () => {
    const gemini = await startGemini({ time: 'real' });
    const secretStore = new MemoryStore();
    const ten = Array.from({ length: 10 }, () => endpointsOf(gemini));

    const results = await Promise.all(ten.map((one) => one.sync({ ...WANTED, secretStore })));

    expect(await webhooksOf(gemini)).toHaveLength(1);
    expect(new Set(results.map(({ webhook }) => webhook.id)).size).toBe(1);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect(secretStore.names).toEqual([NAME]);
  });

  it('end with one webhook and its secret in one file', async () => {
    const gemini = await startGemini({ time: 'real' });
    const folder = await mkdtemp(join(tmpdir(), 'endpoints-'));
    const secretStore = fileSecretStore(join(folder, 'secrets.json'));
    const ten = Array.from({ length: 10 }, () => endpointsOf(gemini));

    await Promise.all(ten.map((one) => one.sync({ ...WANTED, secretStore })));

    expect(await webhooksOf(gemini)).toHaveLength(1);
    expect(await isCurrentKept(gemini, secretStore(HOST))).toBe(true);
    await rm(folder, { recursive: true });
  });

  it('end with a stored secret if none was stored before', async () => {
    const gemini = await startGemini({ time: 'real' });
    const secretStore = new MemoryStore();
    await createUnkept(gemini);
    const ten = Array.from({ length: 10 }, () => endpointsOf(gemini));

    await Promise.all(ten.map((one) => one.sync({ ...WANTED, secretStore })));

    expect(await webhooksOf(gemini)).toHaveLength(1);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
  });
});
