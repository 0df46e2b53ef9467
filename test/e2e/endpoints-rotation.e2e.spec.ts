import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { RevokePrevious } from '../../lib/index.js';
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
import { closeSimulators, startGemini } from '../support/jobs.js';
import { codeOf, refusalOf } from '../support/verifying.js';

jest.setTimeout(60_000);

afterEach(closeSimulators);

const DAY_MS = 24 * 3_600_000;
const KINDS = ['after24h', 'now'] as const satisfies readonly RevokePrevious[];

async function started() {
  const gemini = await startGemini();
  const secretStore = new MemoryStore();
  const lock = sharedLock();
  const endpoints = endpointsOf(gemini, lock);
  const { webhook } = await endpoints.sync({ name: NAME, uri: URI, events: EVENTS, secretStore });
  const [first] = await secretStore.load(NAME);
  /** What another process does after this one was killed. */
  const syncElsewhere = () => endpointsOf(gemini, lock).sync({ name: NAME, uri: URI, events: EVENTS, secretStore });
  return { gemini, secretStore, endpoints, id: webhook.id, first: first!.value, syncElsewhere };
}

describe('GeminiWebhookEndpoints in an outage of the store of its lock', () => {
  it('gives up within seconds where a caller waits, and is patient in the sync at start', async () => {
    const gemini = await startGemini();
    const outages: (number | undefined)[] = [];
    const secretStore = new MemoryStore();
    const endpoints = endpointsOf(gemini, (_name, work, { outageMs }) => {
      outages.push(outageMs);
      return work(new AbortController().signal);
    });
    const desired = { name: NAME, uri: URI, events: EVENTS, secretStore };

    await endpoints.syncAtStart({ ...desired, required: true });
    const { webhook } = await endpoints.sync(desired);
    await endpoints.rotate(webhook.id, { revokePrevious: 'after24h' });
    await endpoints.remove(webhook.id);

    expect(outages).toEqual([60_000, 5_000, 5_000, 5_000]);
  });
});

describe('GeminiWebhookEndpoints.rotate', () => {
  it('keeps the old secret for as long as Gemini signs with it', async () => {
    const { gemini, endpoints, secretStore, id, first } = await started();
    const before = Date.now();

    await endpoints.rotate(id, { revokePrevious: 'after24h' });

    const [newest, old, ...others] = await secretStore.load(NAME);
    expect(newest).toEqual({ value: expect.stringMatching(/^whsec_/) });
    expect(old!.value).toBe(first);
    expect(Date.parse(old!.expiresAt!) - before).toBeGreaterThanOrEqual(DAY_MS);
    expect(Date.parse(old!.expiresAt!) - Date.now()).toBeLessThanOrEqual(DAY_MS);
    expect(others).toEqual([]);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect(secretStore.names).toEqual([NAME]);
  });

  it('does not make an old secret last longer by rotating again', async () => {
    const { endpoints, secretStore, id } = await started();
    await endpoints.rotate(id, { revokePrevious: 'after24h' });
    const soon = new Date(Date.now() + 60_000).toISOString();
    const [newest, old] = await secretStore.load(NAME);
    await secretStore.save(NAME, [newest!, { ...old!, expiresAt: soon }]);

    await endpoints.rotate(id, { revokePrevious: 'after24h' });

    expect((await secretStore.load(NAME)).map(({ expiresAt }) => expiresAt)).toEqual([
      undefined,
      expect.any(String),
      soon,
    ]);
  });

  it('drops the old secret at once with revokePrevious now', async () => {
    const { gemini, endpoints, secretStore, id, first } = await started();

    await endpoints.rotate(id, { revokePrevious: 'now' });

    const kept = await secretStore.load(NAME);
    expect(kept).toHaveLength(1);
    expect(kept[0]!.value).not.toBe(first);
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect((await webhooksOf(gemini))[0]!.secrets).toHaveLength(1);
  });

  it('requires a known store', async () => {
    const gemini = await startGemini();
    await createUnkept(gemini);
    const [webhook] = await webhooksOf(gemini);

    expect(await codeOf(() => endpointsOf(gemini).rotate(webhook!.id, { revokePrevious: 'now' }))).toBe(
      'invalid_argument',
    );
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(0);
  });

  it('accepts only after24h and now for revokePrevious', async () => {
    const { gemini, endpoints, id } = await started();
    const revokePrevious = 'later' as RevokePrevious;

    expect(await codeOf(() => endpoints.rotate(id, { revokePrevious }))).toBe('invalid_argument');
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(0);
  });

  it.each([429, 403])('changes nothing when Gemini responds with %p', async (status) => {
    const { gemini, endpoints, secretStore, id, first } = await started();
    gemini.inject({ fault: 'api_error', operation: 'webhooks.rotateSigningSecret', status });

    await expect(endpoints.rotate(id, { revokePrevious: 'now' })).rejects.toMatchObject({ status });

    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(1);
    expect(await secretStore.load(NAME)).toEqual([{ value: first }]);
    expect(secretStore.names).toEqual([NAME]);
  });
});

describe.each(KINDS)('an interrupted rotation %p', (revokePrevious) => {
  it('by a lost response reports what to do, and sync finishes it', async () => {
    const { gemini, endpoints, secretStore, id, syncElsewhere } = await started();
    gemini.inject({
      fault: 'api_error',
      operation: 'webhooks.rotateSigningSecret',
      status: 500,
      afterEffect: true,
      times: 1,
    });

    const refusal = await refusalOf(() => endpoints.rotate(id, { revokePrevious }));

    expect(refusal).toMatchObject({
      code: 'unknown_outcome',
      message: expect.stringMatching(/Rotate it again, or sync it/),
    });
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(1);
    expect((await syncElsewhere()).done).toBe('rotated');
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect(secretStore.names).toEqual([NAME]);
  });

  it('by a failing store reports what to do without the secret, and another rotation finishes it', async () => {
    const { gemini, endpoints, secretStore, id } = await started();
    const tried: string[] = [];
    secretStore.onSave = (name, secrets) => {
      if (name !== NAME) return;
      tried.push(secrets[0]!.value);
      throw new Error('the disk is full');
    };

    const refusal = await refusalOf(() => endpoints.rotate(id, { revokePrevious }));

    expect(refusal).toMatchObject({
      code: 'secret_not_saved',
      message: expect.stringMatching(/disk is full.*rotate it again/),
    });
    expect(new Set(tried).size).toBe(1);
    expect(refusal.message).not.toContain('whsec_');
    secretStore.onSave = () => undefined;
    await endpoints.rotate(id, { revokePrevious });
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect(secretStore.names).toEqual([NAME]);
  });

  it('after its record is finished by sync, with the revocation that was requested', async () => {
    const { gemini, secretStore, first, syncElsewhere } = await started();
    const until = new Date(Date.now() + 60_000).toISOString();
    await secretStore.save(`${NAME}.rotating`, [{ value: revokePrevious, expiresAt: until }]);

    expect((await syncElsewhere()).done).toBe('rotated');

    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    const kept = (await secretStore.load(NAME)).map(({ value }) => value);
    expect(kept.includes(first)).toBe(revokePrevious === 'after24h');
    expect(secretStore.names).toEqual([NAME]);
  });

  it('after its secret was saved costs one more rotation', async () => {
    const { gemini, endpoints, secretStore, id, syncElsewhere } = await started();
    secretStore.onSave = (name, secrets) => {
      if (name !== NAME && secrets.length === 0) throw new Error('was killed');
    };
    await endpoints.rotate(id, { revokePrevious });
    secretStore.onSave = () => undefined;

    expect((await syncElsewhere()).done).toBe('rotated');
    expect(await isCurrentKept(gemini, secretStore)).toBe(true);
    expect((await syncElsewhere()).done).toBe('unchanged');
  });
});

describe('GeminiWebhookEndpoints', () => {
  it('leaves one store open for a webhook, however often a factory is created for a call, and none after its removal', async () => {
    const { endpoints, secretStore, id } = await started();
    const open = new Set<object>();
    const newFactory = () => () => {
      const store = { ...secretStore.unwatched(), close: async () => void open.delete(store) };
      open.add(store);
      return store;
    };

    await endpoints.sync({ name: NAME, uri: URI, events: EVENTS, secretStore: newFactory() });
    await endpoints.rotate(id, { revokePrevious: 'now', secretStore: newFactory() });
    await endpoints.sync({ name: NAME, uri: URI, events: EVENTS, secretStore: newFactory() });
    expect(open.size).toBe(1);

    await endpoints.remove(id);
    expect(open.size).toBe(0);
  });
});

describe('GeminiWebhookEndpoints.remove', () => {
  it('removes the webhook, and its secret from the known store', async () => {
    const { gemini, endpoints, secretStore, id } = await started();

    await endpoints.remove(id);

    expect(await webhooksOf(gemini)).toEqual([]);
    expect(secretStore.names).toEqual([]);
  });

  it('forgets the store of the name', async () => {
    const { gemini, endpoints, id } = await started();
    await endpoints.remove(id);
    await createUnkept(gemini);
    const [another] = await webhooksOf(gemini);

    expect(await codeOf(() => endpoints.rotate(another!.id, { revokePrevious: 'now' }))).toBe('invalid_argument');
  });
});
