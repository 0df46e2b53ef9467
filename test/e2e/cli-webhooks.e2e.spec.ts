import { GoogleGenAI } from '@google/genai';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { GeminiSimulator } from '../../lib/testing/index.js';
import { bullmqSecretStore } from '../../lib/bullmq/bullmq-secret-store.js';
import { cli } from '../support/cli.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { closeSinks, startSink } from '../support/webhook-sink.js';

let gemini: GeminiSimulator;
let directory: string;

beforeEach(async () => {
  gemini = await GeminiSimulator.start();
  directory = mkdtempSync(join(tmpdir(), 'cli-'));
});

afterEach(async () => {
  await gemini.close();
  await closeSinks();
  rmSync(directory, { recursive: true });
});

function command(...args: string[]) {
  return cli(args, { env: { GEMINI_API_KEY: gemini.apiKey, GOOGLE_GEMINI_BASE_URL: gemini.baseUrl } });
}

function register(name: string, ...args: string[]) {
  return command('register', name, '--uri', 'http://127.0.0.1:9/hook?token=abc', '--event', 'batch.completed', ...args);
}

const store = () => `file:${join(directory, 'secrets.json')}`;
const kept = () => readFileSync(join(directory, 'secrets.json'), 'utf8');
const webhooks = async () => (await new GoogleGenAI(gemini.clientOptions).webhooks.list()).webhooks ?? [];
const secretsIn = (text: string) => text.match(/whsec_[\w+/=]{20,}/g) ?? [];

describe('register', () => {
  it('creates a webhook and saves its secret to a file that only its owner can read', async () => {
    const { code, out, err } = await register('orders', '--store', store());

    expect({ code, out }).toEqual({ code: 0, out: '' });
    for (const fact of ['orders', (await webhooks())[0]!.id!, 'enabled', store()]) expect(err).toContain(fact);
    expect(await webhooks()).toMatchObject([{ name: 'orders', subscribed_events: ['batch.succeeded'] }]);
    expect(secretsIn(kept())).toHaveLength(1);
    expect(statSync(join(directory, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(err).not.toContain('whsec_');
  });

  it('updates the webhook with this name, or nothing', async () => {
    await register('orders', '--store', store());
    const before = kept();
    const changed = await register('orders', '--store', store(), '--event', 'video.generated', '--json');
    const same = await register('orders', '--store', store(), '--event', 'video.generated', '--json');

    expect(JSON.parse(changed.out)).toMatchObject({ done: 'updated', webhook: { name: 'orders' } });
    expect(JSON.parse(same.out)).toMatchObject({ done: 'unchanged', webhook: { name: 'orders' } });
    expect(await webhooks()).toMatchObject([{ subscribed_events: ['batch.succeeded', 'video.generated'] }]);
    expect(kept()).toBe(before);
  });

  it('says what happens to apps that do not use a store into which it rotates the secret', async () => {
    await register('orders', '--print-secret');
    const { code, err } = await register('orders', '--store', store());

    expect(code).toBe(0);
    for (const fact of ['rotated', '24 h', store()]) expect(err).toContain(fact);
  });

  it('prints the secret on request, and nothing else on standard output', async () => {
    const sink = await startSink();
    const { code, out } = await command(
      'register',
      'orders',
      '--uri',
      sink.url,
      '--event',
      'batch.failed',
      '--print-secret',
    );
    await command('ping', 'orders');
    await until(() => sink.received.length === 1);

    expect(code).toBe(0);
    expect(() => new Webhook(out).verify(sink.received[0]!.body, sink.received[0]!.headers)).not.toThrow();
  });

  it('prints JSON with the secret only on request', async () => {
    const printed = await register('one', '--print-secret', '--json');
    const stored = await register('two', '--store', store(), '--json');

    expect(JSON.parse(printed.out)).toMatchObject({
      done: 'created',
      webhook: { name: 'one' },
      secret: expect.stringMatching(/^whsec_/),
    });
    expect(JSON.parse(stored.out)).toMatchObject({ done: 'created', webhook: { name: 'two', state: 'enabled' } });
    expect(secretsIn(stored.out + stored.err)).toEqual([]);
  });

  it('does not print the secret of an existing webhook, which Gemini does not show again', async () => {
    await register('orders', '--store', store());
    const { code, out, err } = await register('orders', '--print-secret');

    expect({ code, out }).toEqual({ code: 2, out: '' });
    for (const name of ['orders', '--store', 'rotate']) expect(err).toContain(name);
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(0);
  });

  it.each([
    [[], ['--store', '--print-secret']],
    [
      ['--store', 'secrets.json'],
      ['--store', 'file:', 'inbox'],
    ],
    [
      ['--store', 'file:x', '--print-secret'],
      ['--store', '--print-secret'],
    ],
    [
      ['--print-secret', '--event', 'batch.cancelled'],
      ['--event', 'batch.cancelled'],
    ],
    [
      ['--print-secret', '--event', 'batch.exploded'],
      ['--event', 'batch.exploded'],
    ],
  ])('exits with 2 for %j, names the argument, and creates nothing', async (args, names) => {
    const { code, err } = await register('orders', ...args);

    expect(code).toBe(2);
    for (const name of names) expect(err).toContain(name);
    expect(gemini.countOf('webhooks.create')).toBe(0);
  });
});

describe.each(STORES)('register with the store of an inbox on $name', ({ url }) => {
  it('saves the secret where the app with this registration finds it', async () => {
    const registration = `cli-${randomUUID()}`;
    const { code, err } = await cli(
      [
        'register',
        'orders',
        '--uri',
        'http://127.0.0.1:9/',
        '--event',
        'batch.failed',
        '--store',
        'inbox',
        '--instance',
        registration,
      ],
      {
        env: {
          GEMINI_API_KEY: gemini.apiKey,
          GOOGLE_GEMINI_BASE_URL: gemini.baseUrl,
          GEMINI_WEBHOOK_INBOX_URL: url,
          GEMINI_WEBHOOK_BINDING_SECRET: 'a-key-of-the-deployment-of-32-bytes',
        },
      },
    );
    const inbox = bullmqSecretStore({ url })({ registration, keys: ['a-key-of-the-deployment-of-32-bytes'] });
    const found = await inbox.load('orders');
    await inbox.save('orders', []);
    await inbox.close?.();

    expect(code).toBe(0);
    expect(err).toContain('inbox');
    expect(secretsIn(err)).toEqual([]);
    expect(found).toEqual([{ value: expect.stringMatching(/^whsec_/) }]);
  });
});

describe('rotate', () => {
  it('saves the new secret before the old one, which expires in 24 h', async () => {
    await register('orders', '--store', store());
    const [old] = secretsIn(kept());
    const { code, out, err } = await command('rotate', 'orders', '--store', store());
    const [first, second] = secretsIn(kept());

    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('orders');
    expect(secretsIn(err)).toEqual([]);
    expect(second).toBe(old);
    expect(first).not.toBe(old);
    expect(await webhooks()).toMatchObject([{ signing_secrets: [{}, { expire_time: expect.any(String) }] }]);
  });

  it('revokes the old one at once after a leak', async () => {
    await register('orders', '--store', store());
    const [old] = secretsIn(kept());
    const { code } = await command('rotate', 'orders', '--store', store(), '--revoke-previous', 'now');

    expect(code).toBe(0);
    expect(kept()).not.toContain(old);
    expect((await webhooks())[0]!.signing_secrets).toHaveLength(1);
  });

  it('prints the new secret on request', async () => {
    await register('orders', '--store', store());
    const { out, err } = await command('rotate', 'orders', '--print-secret');

    expect(out).toMatch(/^whsec_[\w+/=]+$/);
    expect(err).toContain('GEMINI_WEBHOOK_SECRET');
    expect(secretsIn(err)).toEqual([]);
  });

  it('rotates nothing if the store has no secret of the webhook, and says where it looked', async () => {
    await register('orders', '--print-secret');
    await register('others', '--store', store());
    const { code, out, err } = await command('rotate', 'orders', '--store', store());

    expect({ code, out }).toEqual({ code: 2, out: '' });
    for (const fact of ['"orders"', join(directory, 'secrets.json'), '--new-store']) expect(err).toContain(fact);
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(0);
    expect(secretsIn(kept())).toHaveLength(1);
  });

  it('saves the first secret to a store on request', async () => {
    await register('orders', '--print-secret');
    const { code } = await command('rotate', 'orders', '--store', store(), '--new-store');

    expect(code).toBe(0);
    expect(secretsIn(kept())).toHaveLength(1);
  });

  it('finishes the first rotation into a store that was interrupted', async () => {
    await register('orders', '--print-secret');
    gemini.inject({ fault: 'api_error', status: 503, operation: 'webhooks.rotateSigningSecret', times: 1 });
    const interrupted = await command('rotate', 'orders', '--store', store(), '--new-store');
    const { code } = await command('rotate', 'orders', '--store', store());

    expect({ interrupted: interrupted.code, code }).toEqual({ interrupted: 1, code: 0 });
    expect(secretsIn(kept())).toHaveLength(1);
  });

  it.each(STORES)('names the store on $name and the instance, without the password', async ({ url }) => {
    await register('orders', '--print-secret');
    const registration = `cli-${randomUUID()}`;
    const { code, err } = await cli(['rotate', 'orders', '--store', 'inbox', '--instance', registration], {
      env: { GEMINI_API_KEY: gemini.apiKey, GOOGLE_GEMINI_BASE_URL: gemini.baseUrl, GEMINI_WEBHOOK_INBOX_URL: url },
    });

    expect(code).toBe(2);
    for (const fact of [registration, new URL(url).host, '--instance', '--new-store']) expect(err).toContain(fact);
    expect(err).not.toContain('@');
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(0);
  });

  it.each([
    [['orders'], ['--store', '--print-secret']],
    [
      ['orders', '--print-secret', '--revoke-previous', 'never'],
      ['--revoke-previous', 'after24h', 'now'],
    ],
    [
      ['theirs', '--print-secret'],
      ['theirs', 'orders'],
    ],
  ])('exits with 2 for %j, names the argument, and rotates nothing', async (args, names) => {
    await register('orders', '--store', store());
    const { code, err } = await command('rotate', ...args);

    expect(code).toBe(2);
    for (const name of names) expect(err).toContain(name);
    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(0);
  });
});

describe('list', () => {
  it('prints a table without secrets and without query strings', async () => {
    await register('orders', '--store', store());
    const { code, out } = await command('list');
    const [head = '', row = '', ...others] = out.split('\n');
    const cells = row.split(/ {2,}/);
    const [{ id } = {}] = await webhooks();

    expect(code).toBe(0);
    expect(others).toEqual([]);
    expect(cells).toEqual(['orders', id, 'enabled', '1', 'batch.succeeded', 'http://127.0.0.1:9/hook?…']);
    const startsOf = (line: string) => [...line.matchAll(/\S+/g)].map(({ index }) => index);
    expect(startsOf(head)).toEqual(startsOf(row));
  });

  it('prints JSON, also without webhooks', async () => {
    expect(JSON.parse((await command('list', '--json')).out)).toEqual([]);

    await register('orders', '--store', store());
    const { out } = await command('list', '--json');

    expect(JSON.parse(out)).toMatchObject([
      { name: 'orders', state: 'enabled', events: ['batch.succeeded'], secrets: [{ expiresAt: null }] },
    ]);
    expect(out).not.toContain('whsec_');
  });

  it('fails with the message of Gemini', async () => {
    gemini.inject({ fault: 'api_error', status: 403, operation: 'webhooks.list' });
    const { code, out, err } = await command('list');

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('403');
    expect(err.split('\n')).toHaveLength(1);
    expect(err).not.toContain(gemini.apiKey);
  });

  it('exits with 2 without an API key', async () => {
    const { code, err } = await cli(['list']);

    expect(code).toBe(2);
    expect(err).toContain('GEMINI_API_KEY');
  });
});

describe('ping, enable and remove', () => {
  it('act on the webhook with a name or an id', async () => {
    await register('orders', '--store', store());
    const [{ id = '' } = {}] = await webhooks();
    await new GoogleGenAI(gemini.clientOptions).webhooks.update(id, { state: 'disabled' });

    const enabled = await command('enable', 'orders');
    expect(enabled).toMatchObject({ code: 0, err: '' });
    for (const fact of ['orders', id]) expect(enabled.out).toContain(fact);
    expect(await webhooks()).toMatchObject([{ state: 'enabled' }]);
    expect(JSON.parse((await command('ping', id, '--json')).out)).toEqual({ id, name: 'orders', done: 'ping' });
    expect(gemini.countOf('webhooks.ping')).toBe(1);
    expect(JSON.parse((await command('remove', id, '--json')).out)).toEqual({ id, name: 'orders', done: 'remove' });
    expect(await webhooks()).toEqual([]);
  });

  it('change neither of two webhooks with the same name', async () => {
    const create = () =>
      new GoogleGenAI(gemini.clientOptions).webhooks.create({
        name: 'twin',
        uri: 'http://127.0.0.1:9/',
        subscribed_events: ['batch.failed'],
      });
    const ids = [(await create()).id, (await create()).id];
    const { code, err } = await command('remove', 'twin');

    expect(code).toBe(2);
    for (const id of ids) expect(err).toContain(id);
    expect(await webhooks()).toHaveLength(2);
  });
});

describe('the program', () => {
  const names = ['trigger', 'simulate', 'doctor', 'register', 'list', 'rotate', 'ping', 'enable', 'remove', 'failed'];

  it('lists its commands with --help', async () => {
    const { code, out, err } = await cli(['--help']);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of names) expect(out).toMatch(new RegExp(`^ +${name} `, 'm'));
  });

  it.each(names)('shows an example with %s --help', async (name) => {
    const { code, out, err } = await cli([name, '--help']);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`npx nestjs-gemini-webhooks ${name}`);
  });

  it.each([[[]], [['explode']], [['list', '--explode']], [['list', 'too', 'much']]])(
    'exits with 2 for %j',
    async (args) => {
      const { code, out, err } = await cli(args);

      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).not.toBe('');
    },
  );
});
