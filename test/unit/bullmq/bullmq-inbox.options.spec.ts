import { afterAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { bullmqInboxConfig, type BullmqInboxOptions } from '../../../lib/bullmq/bullmq-inbox.options.js';
import { optionsOf } from '../../../lib/bullmq/postgres-store.js';

const url = 'redis://127.0.0.1:6379';
const host = { registration: 'default', toleranceSeconds: 300 };
const redis = new Redis({ lazyConnect: true });
const pool = new Pool({ user: 'app', password: 'pa55' });
const config = (options: object, rest: object = {}, environment?: string) =>
  bullmqInboxConfig(options as BullmqInboxOptions, { ...host, ...rest, inboxUrl: environment });

afterAll(async () => {
  redis.disconnect();
  await pool.end();
});

describe('the options of bullmqInbox', () => {
  it('have the defaults that are documented', () => {
    expect(config({ url })).toEqual({
      target: { kind: 'redis', url },
      queueName: 'gemini-webhooks',
      prefix: undefined,
      concurrency: 16,
      attempts: 12,
      backoff: { type: 'exponential', delay: 42_000, jitter: 0.2 },
      keepCompletedMs: 172_800_000,
      keepFailedMs: 1_209_600_000,
      workers: true,
      migrate: true,
      drainTimeoutMs: 10_000,
      lockDurationMs: 30_000,
    });
  });

  it('spread twelve attempts over about 24 hours', () => {
    const { attempts, backoff } = config({ url });
    const hours = (Number(backoff.delay) * (2 ** (attempts - 1) - 1)) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(25);
  });

  it('name the queue after another registration', () => {
    expect(config({ url }, { registration: 'second' }).queueName).toBe('gemini-webhooks-second');
    expect(config({ url, queueName: 'mine' }, { registration: 'second' }).queueName).toBe('mine');
  });

  it.each([
    ['redis://a', 'redis'],
    ['rediss://a', 'redis'],
    ['postgres://a/b', 'postgres'],
    ['postgresql://a/b', 'postgres'],
  ])('take %s, also from the environment', (given, kind) => {
    expect(config({ url: given }).target).toEqual({ kind, url: given });
    expect(config({}, {}, given).target).toEqual({ kind, url: given });
    expect(config({ url: given }, {}, 'redis://other').target).toEqual({ kind, url: given });
  });

  it('take a client and a pool of the app, also when the environment names a URL', () => {
    expect(config({ connection: redis }, {}, url).target).toEqual({ kind: 'redis', client: redis });
    expect(config({ connection: pool }).target).toEqual({ kind: 'postgres', pool });
  });

  it('keep the password that a pool hides in its options', () => {
    expect(optionsOf(pool)).toMatchObject({ user: 'app', password: 'pa55' });
  });

  it.each<[string, object, RegExp]>([
    ['no store', {}, /url: got none.*GEMINI_WEBHOOK_INBOX_URL/],
    ['an empty URL', { url: '' }, /url: got none/],
    ['a URL and a connection', { url, connection: redis }, /url and connection: got both/],
    ['another scheme', { url: 'mysql://root:pa55@h' }, /url: got one that begins with "mysql:".*redis:\/\//],
    ['no URL', { url: 'root:pa55' }, /url: .*postgres:\/\//],
    ['a URL that is no text', { url: 7 }, /url: /],
    [
      'a connection that is neither',
      { connection: { host: 'h', password: 'pa55' } },
      /connection: is neither.*ioredis/,
    ],
    ['a connection that is null', { connection: null }, /connection: is neither/],
    ['a queue name with a colon', { url, queueName: 'a:b' }, /queueName: got "a:b"/],
    ['an empty queue name', { url, queueName: '' }, /queueName: got ""/],
    ['a prefix with a quote', { url, prefix: 'a"b' }, /prefix: got/],
    ['no concurrency', { url, concurrency: 0 }, /concurrency: got 0\. Give a whole number/],
    ['concurrency in words', { url, concurrency: '16' }, /concurrency: got "16"/],
    ['one attempt', { url, attempts: 1 }, /attempts: got 1/],
    ['a short retention', { url, keepCompletedMs: 86_699_999 }, /keepCompletedMs: got 86699999.*86700000/],
    ['a short retention of failures', { url, keepFailedMs: 86_400_000 }, /keepFailedMs: got 86400000/],
    ['half a millisecond', { url, drainTimeoutMs: 0.5 }, /drainTimeoutMs: got 0\.5/],
    ['a lock of no time', { url, lockDurationMs: 1 }, /lockDurationMs: got 1\./],
    ['workers in words', { url, workers: 'no' }, /workers: got "no"\. Give true or false/],
    ['migrate as a number', { url, migrate: 0 }, /migrate: got 0/],
    ['a misspelt backoff', { url, backoff: { type: 'exponentail', delay: 1 } }, /backoff: got .*exponentail/],
    ['a backoff without a delay', { url, backoff: { type: 'fixed' } }, /backoff: got/],
    ['a backoff of half a millisecond', { url, backoff: { type: 'fixed', delay: 0.5 } }, /backoff: got/],
    ['too much jitter', { url, backoff: { type: 'fixed', delay: 1, jitter: 2 } }, /backoff: got/],
    ['no backoff', { url, backoff: null }, /backoff: got null/],
  ])('refuse %s, and say what to do', (_, options, message) => {
    const start = () => config(options);
    expect(start).toThrow(expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) }));
    expect(start).toThrow(/^bullmqInbox: /);
    expect(start).not.toThrow(/pa55/);
  });

  it('want a key kept for 24 hours and the tolerance', () => {
    expect(config({ url, keepCompletedMs: 86_700_000 }).keepCompletedMs).toBe(86_700_000);
    expect(() => config({ url, keepCompletedMs: 86_700_000 }, { toleranceSeconds: 301 })).toThrow(/keepCompletedMs/);
  });
});
