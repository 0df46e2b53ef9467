import { describe, expect, it } from '@jest/globals';
import {
  GeminiWebhooksHealth,
  type GeminiHealth,
  type GeminiWebhooksHealthParts,
} from '../../../lib/health/gemini-webhooks-health.js';
import type { GeminiHealthOptions } from '../../../lib/health/health-limits.js';
import type { InboxHealth } from '../../../lib/inbox/inbox-stats.js';
import type { KeySetStatus } from '../../../lib/signature/key-set.js';

const STATS = { waiting: 3, active: 1, delayed: 2, failed: 4, oldestAgeMs: 60_000 };
const HEALTHY: InboxHealth = { store: 'up', worker: 'running', stats: STATS };

const partsOf = (parts: Partial<GeminiWebhooksHealthParts> = {}): GeminiWebhooksHealthParts => ({
  registration: 'default',
  engine: { health: async () => HEALTHY },
  inbox: { lastDeliveryAt: undefined },
  keySet: async () => undefined,
  hasEndpoint: false,
  webhook: async () => ({ state: 'enabled', checkedAt: '2026-11-28T00:00:00.000Z' }),
  ...parts,
});

const check = async (
  parts: Partial<GeminiWebhooksHealthParts> = {},
  options: GeminiHealthOptions = {},
): Promise<GeminiHealth> => Object.values(await new GeminiWebhooksHealth(partsOf(parts)).check(options))[0]!;
const withInbox = (health: Partial<InboxHealth>) => ({ engine: { health: async () => ({ ...HEALTHY, ...health }) } });
const withKeySet = (keySet: KeySetStatus) => ({ keySet: async () => keySet });
const withWebhook = (state: string) => ({ webhook: async () => ({ state }) });

describe('GeminiWebhooksHealth', () => {
  it('is up with the counts of the inbox, and no limit by itself', async () => {
    expect(await check()).toEqual({ status: 'up', store: 'up', worker: 'running', lagMs: 60_000, failed: 4 });
  });

  it.each(['connecting', 'unavailable', 'closed'] as const)('is down while the store is %s', async (store) => {
    const health = await check(withInbox({ store, stats: undefined }), { maxLagMs: 1, maxFailed: 1 });

    expect(health).toEqual({ status: 'down', causes: ['store'], store, worker: 'running' });
  });

  it.each(['starting', 'stopped', 'absent'] as const)('is down while the worker is %s', async (worker) => {
    expect(await check(withInbox({ worker }))).toMatchObject({ status: 'down', causes: ['worker'] });
    expect(await check(withInbox({ worker }), { worker: false })).toMatchObject({ status: 'up', worker });
  });

  it('is up in a process without workers while another one runs them', async () => {
    expect(await check(withInbox({ worker: 'elsewhere' }))).toMatchObject({ status: 'up', worker: 'elsewhere' });
  });

  it.each([
    { options: { maxLagMs: 59_999 }, causes: ['maxLagMs'] },
    { options: { maxFailed: 3 }, causes: ['maxFailed'] },
    { options: { maxLagMs: 0, maxFailed: 0 }, causes: ['maxLagMs', 'maxFailed'] },
  ])('is down where $options is exceeded', async ({ options, causes }) => {
    expect(await check({}, options)).toMatchObject({ status: 'down', causes });
  });

  it('is up at a limit', async () => {
    expect(await check({}, { maxLagMs: 60_000, maxFailed: 4 })).toMatchObject({ status: 'up' });
  });

  it('is down with a limit for counts that the store could not return in time', async () => {
    const health = await check(withInbox({ stats: undefined }), { maxFailed: 1_000 });

    expect(health).toEqual({ status: 'down', causes: ['maxFailed'], store: 'up', worker: 'running' });
  });

  it.each<{ keySet: KeySetStatus; status: string }>([
    { keySet: { state: 'fetched', ageMs: 1_000 }, status: 'up' },
    { keySet: { state: 'fetched', ageMs: 1_001, lastError: 'fetch failed' }, status: 'down' },
    { keySet: { state: 'none', lastError: 'fetch failed' }, status: 'down' },
    { keySet: { state: 'configured' }, status: 'up' },
  ])('is $status with a limit for the key set $keySet', async ({ keySet, status }) => {
    expect(await check(withKeySet(keySet))).toMatchObject({ status: 'up', keySet });
    expect(await check(withKeySet(keySet), { maxKeySetAgeMs: 1_000 })).toMatchObject({ status, keySet });
  });

  it.each([
    ['enabled', 'up'],
    ['unknown', 'up'],
    ['disabled', 'down'],
    ['disabled_due_to_failed_deliveries', 'down'],
    ['missing', 'down'],
  ])('with webhook: true and a static webhook that is %s is %s', async (state, status) => {
    expect(await check(withWebhook(state), { webhook: true })).toMatchObject({ status, webhook: { state } });
  });

  it('reports the static webhook of the endpoint option without a limit, unless it must not ask Gemini', async () => {
    const parts = { hasEndpoint: true, ...withWebhook('disabled') };

    expect(await check(parts)).toMatchObject({ status: 'up', webhook: { state: 'disabled' } });
    expect(await check(parts, { webhook: false })).not.toHaveProperty('webhook');
    expect(await check(withWebhook('disabled'))).not.toHaveProperty('webhook');
  });

  it('has the time of the last delivery', async () => {
    const at = '2026-11-28T12:00:00.000Z';

    expect(await check({ inbox: { lastDeliveryAt: new Date(at) } })).toMatchObject({ lastDeliveryAt: at });
  });

  it('has a key of its own for each module instance, or the given one', async () => {
    const keysOf = async (registration: string, options: GeminiHealthOptions = {}) =>
      Object.keys(await new GeminiWebhooksHealth(partsOf({ registration })).check(options));

    expect(await keysOf('default')).toEqual(['gemini-webhooks']);
    expect(await keysOf('tenant-b')).toEqual(['gemini-webhooks-tenant-b']);
    expect(await keysOf('tenant-b', { key: 'gemini' })).toEqual(['gemini']);
  });

  it.each<[string, GeminiHealthOptions, RegExp]>([
    ['an unknown limit', { maxLag: 1 } as GeminiHealthOptions, /maxLag: is not an option.*maxLagMs/],
    ['a limit that is no number', { maxLagMs: '1' as never }, /maxLagMs: got "1"\. Give a number/],
    ['a limit that is NaN', { maxFailed: NaN }, /maxFailed: got NaN/],
    ['a flag that is none', { webhook: 'yes' as never }, /webhook: got "yes"\. Give true or false/],
    ['an empty key', { key: '' }, /key: got ""/],
    ['null', null as never, /: got null\. Give an object with limits/],
    ['a list', [1] as never, /: got a list\. Give an object with limits/],
    ['a limit for keys that `jwks: false` turns off', { maxKeySetAgeMs: 1 }, /maxKeySetAgeMs: .*jwks: false/],
  ])('rejects %s', async (_what, options, message) => {
    await expect(check({}, options)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });
});

describe('GeminiWebhooksHealth with a custom inbox', () => {
  it('is up for one that reports nothing, and rejects limits that it cannot check', async () => {
    expect(await check({ engine: {} })).toEqual({ status: 'up', store: 'unknown', worker: 'unknown' });
    await expect(check({ engine: {} }, { maxLagMs: 1 })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('uses the counts of one that has no health of its own', async () => {
    expect(await check({ engine: { stats: async () => STATS } }, { maxFailed: 3 })).toMatchObject({
      status: 'down',
      causes: ['maxFailed'],
      store: 'unknown',
    });
  });

  it.each([
    ['rejects', async () => Promise.reject(new Error('no connection to postgres://app:secret@db'))],
    [
      'throws',
      () => {
        throw new Error('no connection to postgres://app:secret@db');
      },
    ],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('is down for one that %s, without its error', async (_how, health) => {
    const found = await check({ engine: { health } });

    expect(found).toEqual({ status: 'down', causes: ['store'], store: 'unavailable', worker: 'unknown' });
  });
});
