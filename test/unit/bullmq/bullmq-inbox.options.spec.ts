import { afterAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { Client, Pool } from 'pg';
import { bullmqInboxConfig, type BullmqInboxOptions } from '../../../lib/bullmq/bullmq-inbox.options.js';
import { optionsOf } from '../../../lib/bullmq/store/postgres/postgres-config.js';

const url = 'redis://127.0.0.1:6379';
const host = { registration: 'default', toleranceSeconds: 300 };
const redis = new Redis({ lazyConnect: true });
const cluster = new Cluster([{ host: '127.0.0.1' }], { lazyConnect: true, redisOptions: { password: 'pa55' } });
/** The properties by which an ioredis 4 client is recognized. */
const ioredis4 = { duplicate: () => ioredis4, connect: () => {}, status: 'wait', options: { password: 'pa55' } };
const pool = new Pool({ user: 'app', password: 'pa55' });
const config = (options: object, rest: object = {}, environment?: string) =>
  bullmqInboxConfig(options as BullmqInboxOptions, { ...host, ...rest, inboxUrl: environment });

afterAll(async () => {
  redis.disconnect();
  cluster.disconnect();
  await pool.end();
});

describe('the options of bullmqInbox', () => {
  it('have the documented defaults', () => {
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
      telemetry: undefined,
    });
  });

  it('spread twelve attempts over about 24 hours', () => {
    const { attempts, backoff } = config({ url });
    const hours = (Number(backoff.delay) * (2 ** (attempts - 1) - 1)) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(25);
  });

  it('name the queue after a module instance with another name', () => {
    expect(config({ url }, { registration: 'second' }).queueName).toBe('gemini-webhooks-second');
    expect(config({ url, queueName: 'mine' }, { registration: 'second' }).queueName).toBe('mine');
  });

  it.each([
    ['redis://a', 'redis'],
    ['rediss://a', 'redis'],
    ['postgres://a/b', 'postgres'],
    ['postgresql://a/b', 'postgres'],
  ])('accept %s, also from the environment', (given, kind) => {
    expect(config({ url: given }).target).toEqual({ kind, url: given });
    expect(config({}, {}, given).target).toEqual({ kind, url: given });
    expect(config({ url: given }, {}, 'redis://other').target).toEqual({ kind, url: given });
  });

  it("accept the app's client and pool, also when the environment contains a URL", () => {
    expect(config({ connection: redis }, {}, url).target).toEqual({ kind: 'redis', client: redis });
    expect(config({ connection: pool }).target).toEqual({ kind: 'postgres', pool });
  });

  it.each(['{gemini}', 'app.{gemini}', '{gemini}-2'])('accept a hash tag as the prefix on Redis: %s', (prefix) => {
    expect(config({ url, prefix }).prefix).toBe(prefix);
    expect(config({ connection: cluster, prefix })).toMatchObject({ target: { client: cluster }, prefix });
  });

  it('keep the password that a pool hides in its options', () => {
    expect(optionsOf(pool)).toMatchObject({ user: 'app', password: 'pa55' });
  });

  it.each<[string, unknown, RegExp]>([
    ['no store', {}, /url: got none.*GEMINI_WEBHOOK_INBOX_URL/],
    ['an empty URL', { url: '' }, /url: got none/],
    ['a URL and a connection', { url, connection: redis }, /url and connection: got both/],
    ['another scheme', { url: 'mysql://root:pa55@h' }, /url: got one that begins with "mysql:".*redis:\/\//],
    ['no URL', { url: 'root:pa55' }, /url: .*postgres:\/\//],
    ['a URL that is no text', { url: 7 }, /url: /],
    [
      'a connection that is a plain object',
      { connection: { host: 'h', password: 'pa55' } },
      /connection: is neither an ioredis client nor a pg Pool, but an object\..*ioredis/,
    ],
    [
      'a connection that is a URL',
      { connection: 'redis://:pa55@h' },
      /connection: is neither .*, but a string\..*give url/,
    ],
    [
      'a cluster and no prefix',
      { connection: cluster },
      /prefix: got none, and connection is a Cluster\. Set prefix: '\{gemini\}'/,
    ],
    [
      'a cluster and a prefix without a hash tag',
      { connection: cluster, prefix: 'gemini' },
      /prefix: got "gemini", and connection is a Cluster\. Set prefix: '\{gemini\}'/,
    ],
    ['a connection that is a pg client', { connection: new Client({ password: 'pa55' }) }, /but a single pg Client/],
    ['a connection of ioredis 4', { connection: ioredis4 }, /but a client of ioredis 4 or earlier.*ioredis 5/],
    ['a connection of another class', { connection: new Map() }, /but an instance of Map/],
    ['a connection that is a list', { connection: [redis] }, /but a list/],
    [
      'a misspelled option',
      { url, concurency: 2 },
      /concurency: is not an option\. The options are: url, connection, .*lockDur/,
    ],
    ['an option that objects inherit', { url, ['constructor']: 2 }, /constructor: is not an option/],
    ['a URL in place of options', 'redis://:pa55@h', /options: got a string\. Give an object/],
    ['options that are null', null, /options: got null/],
    ['a connection that is null', { connection: null }, /connection: is neither/],
    ['a queue name with a colon', { url, queueName: 'a:b' }, /queueName: got "a:b"/],
    ['an empty queue name', { url, queueName: '' }, /queueName: got ""/],
    ['a prefix with a quote', { url, prefix: 'a"b' }, /prefix: got.*hash tag such as '\{gemini\}'/],
    ['an empty hash tag', { url, prefix: '{}' }, /prefix: got "\{\}"/],
    ['half a hash tag', { url, prefix: '{gemini' }, /prefix: got "\{gemini"/],
    ['two hash tags', { url, prefix: '{a}{b}' }, /prefix: got "\{a\}\{b\}"/],
    ['a long hash tag', { url, prefix: `{${'g'.repeat(62)}}` }, /prefix: got/],
    ...['{gemini}', 'a-b', 'a.b', '1st', 'pg_app', '', 'a$', 'ä', 's'.repeat(64), 7, null].map(
      (prefix): [string, unknown, RegExp] => [
        `a schema that PostgreSQL or BullMQ refuses, ${prefix}`,
        { connection: pool, prefix },
        /prefix: got .* schema/,
      ],
    ),
    ['a name that JSON cannot represent', { url, queueName: 7n }, /queueName: got a bigint/],
    ['telemetry that is a name', { url, telemetry: 'otel' }, /telemetry: got a string\..*BullMQOtel/],
    ['telemetry of something else', { url, telemetry: { tracer: {} } }, /telemetry: got an object/],
    ['telemetry that is null', { url, telemetry: null }, /telemetry: got null/],
    ['no concurrency', { url, concurrency: 0 }, /concurrency: got 0\. Give a whole number/],
    ['concurrency in words', { url, concurrency: '16' }, /concurrency: got "16"/],
    ['one attempt', { url, attempts: 1 }, /attempts: got 1/],
    ['a short retention', { url, keepCompletedMs: 86_699_999 }, /keepCompletedMs: got 86699999.*86700000/],
    ['a short retention of failures', { url, keepFailedMs: 86_400_000 }, /keepFailedMs: got 86400000/],
    ['half a millisecond', { url, drainTimeoutMs: 0.5 }, /drainTimeoutMs: got 0\.5/],
    ['a lock of no time', { url, lockDurationMs: 1 }, /lockDurationMs: got 1\./],
    ['workers in words', { url, workers: 'no' }, /workers: got "no"\. Give true or false/],
    ['migrate as a number', { url, migrate: 0 }, /migrate: got 0/],
    ['a misspelled backoff', { url, backoff: { type: 'exponentail', delay: 1 } }, /backoff: got .*exponentail/],
    ['a backoff without a delay', { url, backoff: { type: 'fixed' } }, /backoff: got/],
    ['a backoff of half a millisecond', { url, backoff: { type: 'fixed', delay: 0.5 } }, /backoff: got/],
    ['too much jitter', { url, backoff: { type: 'fixed', delay: 1, jitter: 2 } }, /backoff: got/],
    ['no backoff', { url, backoff: null }, /backoff: got null/],
  ])('reject %s and say what to do', (_, options, message) => {
    const start = () => config(options as object);
    expect(start).toThrow(expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) }));
    expect(start).toThrow(/^bullmqInbox: /);
    expect(start).not.toThrow(/pa55/);
  });

  it('require keys to be kept for 24 hours plus the tolerance', () => {
    expect(config({ url, keepCompletedMs: 86_700_000 }).keepCompletedMs).toBe(86_700_000);
    expect(() => config({ url, keepCompletedMs: 86_700_000 }, { toleranceSeconds: 301 })).toThrow(/keepCompletedMs/);
  });
});
