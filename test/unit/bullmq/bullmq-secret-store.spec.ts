import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { inspect } from 'node:util';
import { bullmqSecretStore, type BullmqSecretStoreOptions } from '../../../lib/bullmq/index.js';
import type { SigningSecretStore } from '../../../lib/static-webhooks/signing-secret-store.js';
import { newSecret } from '../../contract/secret-store.contract.js';
import { freePort } from '../../support/free-port.js';
import { SilentServer } from '../../chaos/support/silent-server.js';
import { secretPlace, type SecretPlace } from '../../support/secret-stores.js';
import { STORES } from '../../support/stores.js';
import { until } from '../../support/until.js';

const KEY = 'the key of this deployment';
/** The 4 s that a request may take, plus a margin for a busy machine. */
const BOUND_MS = 8_000;

jest.setTimeout(20_000);

describe('the options of bullmqSecretStore', () => {
  const host = { registration: 'default', keys: [KEY], inboxUrl: 'redis://127.0.0.1' };

  it.each([
    [{ url: 'mysql://root:hunter2@127.0.0.1' }, 'bullmqSecretStore: url: got one that begins with "mysql:"'],
    [{ prefix: 'a b' }, 'bullmqSecretStore: prefix: got "a b"'],
    [{ prefix: '' }, 'bullmqSecretStore: prefix: got ""'],
    [{ migrate: 'no' as never }, 'bullmqSecretStore: migrate: got "no"'],
    [{ connection: {} as never }, 'bullmqSecretStore: connection: is neither'],
  ])('are rejected at start: %j', (options, message) => {
    const make = () => bullmqSecretStore(options)(host);

    expect(make).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) }),
    );
    expect(make).not.toThrow('hunter2');
  });

  it('require a server', () => {
    expect(() => bullmqSecretStore()({ ...host, inboxUrl: undefined })).toThrow('Set GEMINI_WEBHOOK_INBOX_URL');
  });

  it('require an encryption key', () => {
    expect(() => bullmqSecretStore()({ ...host, keys: [] })).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringContaining('Set binding.secret'),
      }),
    );
  });
});

describe.each(STORES)('bullmqSecretStore on $name', ({ name, url }) => {
  let place: SecretPlace;
  const stores: SigningSecretStore[] = [];

  const open = ({ keys = [KEY], registration = 'default', ...options }: OpenOptions = {}) => {
    const { prefix } = place;
    const store = bullmqSecretStore({ prefix, ...options })({ registration, keys, inboxUrl: url });
    stores.push(store);
    return store;
  };

  beforeEach(() => {
    place = secretPlace(url);
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close!()));
    await place.remove();
  });

  it('stores nothing that is readable without the key', async () => {
    const secret = newSecret();
    await open().save('orders', [secret]);

    const [encrypted] = Object.values(await place.kept());
    const [header, ...parts] = encrypted!.split('.');
    expect(JSON.parse(Buffer.from(header!, 'base64url').toString())).toEqual({ alg: 'dir', enc: 'A256GCM' });
    for (const text of [encrypted!, ...parts.map((part) => Buffer.from(part, 'base64url').toString('latin1'))]) {
      expect(text).not.toContain(secret.value.replace('whsec_', ''));
      expect(text).not.toContain('whsec_');
    }
  });

  it('decrypts with each of its keys and encrypts with the first', async () => {
    const [old, both, next] = [['old'], ['new', 'old'], ['new']].map((keys) => open({ keys }));
    const secrets = [newSecret()];
    await old!.save('orders', secrets);
    expect(await both!.load('orders')).toEqual(secrets);
    await expect(next!.load('orders')).rejects.toThrow('cannot be read');

    await both!.save('orders', secrets);
    expect(await next!.load('orders')).toEqual(secrets);
    await expect(old!.load('orders')).rejects.toThrow('cannot be read');
  });

  it('reports a changed key without quoting the stored text', async () => {
    await open().save('orders', [newSecret()]);
    const error = await open({ keys: ['another'] })
      .load('orders')
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(
        'binding.secret (GEMINI_WEBHOOK_BINDING_SECRET) or, without one, the Gemini API key',
      ),
    });
    const [encrypted] = Object.values(await place.kept());
    expect(inspect(error, { depth: 10 })).not.toContain(encrypted!.split('.').at(-2));
  });

  it.each([
    ['cut', (encrypted: string) => encrypted.slice(0, 40)],
    ['changed', (encrypted: string) => encrypted.slice(0, -4) + (encrypted.endsWith('AAAA') ? 'BBBB' : 'AAAA')],
    ['of another origin', () => 'whsec_bm90IG91cnM='],
    ['empty', () => ''],
  ])('rejects a stored text that is %s, without quoting it', async (_what, change) => {
    await open().save('orders', [newSecret()]);
    await place.tamper(change);
    const error = await open()
      .load('orders')
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'invalid_option', message: expect.stringContaining('cannot be read') });
    expect(inspect(error)).not.toContain('bm90IG91cnM=');
  });

  it('rejects secrets that were swapped with those of another webhook', async () => {
    await open().save('orders', [newSecret()]);
    const [ofOrders] = Object.values(await place.kept());
    await open().save('orders', []);
    await open().save('payments', [newSecret()]);
    await place.tamper(() => ofOrders!);

    await expect(open().load('payments')).rejects.toThrow('They were saved for "orders" of "default".');
  });

  it('keeps module instances apart', async () => {
    const [mine, yours] = [[newSecret()], [newSecret()]];
    await open().save('orders', mine);
    await open({ registration: 'payments' }).save('orders', yours);

    expect(await open().load('orders')).toEqual(mine);
    expect(await open({ registration: 'payments' }).load('orders')).toEqual(yours);
  });

  it('rejects requests once it is closed', async () => {
    const closed = open();
    await closed.close!();

    await expect(closed.load('orders')).rejects.toMatchObject({ code: 'closed' });
    await expect(closed.save('orders', [newSecret()])).rejects.toMatchObject({ code: 'closed' });
  });

  it('rejects in time when no server listens', async () => {
    const away = new URL(url);
    away.port = String(await freePort());

    const store = open({ url: away.href });
    await expectUnavailable(store);
    await expect(store.load('orders')).rejects.toThrow('connect ECONNREFUSED');
  });

  it('rejects in time when the server never answers, but still watches and closes', async () => {
    const silent = new SilentServer();
    await silent.start();
    try {
      const store = open({ url: silent.url(url) });
      await expectUnavailable(store);
      (await store.watch!('orders', () => undefined))();
      await store.close!();
    } finally {
      silent.stop();
    }
  });

  it('notifies watchers of secrets that were saved while it was disconnected, and reconnects', async () => {
    const between = new SilentServer(url);
    await between.start();
    try {
      const [cut, other] = [open({ url: between.url(url) }), open()];
      let notified = 0;
      await cut.watch!('orders', () => (notified += 1));
      await until(() => notified > 0);
      await cut.load('orders');
      between.silent = true;
      const secrets = [newSecret()];
      await other.save('orders', secrets);
      const before = notified;
      between.silent = false;

      await until(() => notified > before);
      await until(() =>
        cut.load('orders').then(
          (loaded) => loaded[0]?.value === secrets[0]!.value,
          () => false,
        ),
      );
      await cut.close!();
    } finally {
      between.stop();
    }
  });

  if (name === 'PostgreSQL') {
    it('creates no table with migrate: false, and the error contains its definition', async () => {
      const store = open({ migrate: false });
      const error: unknown = await store.save('orders', []).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'invalid_option', message: expect.stringContaining('does not exist') });
      await run(`CREATE SCHEMA "${place.prefix}"; ${/CREATE TABLE .*/.exec((error as Error).message)![0]}`);

      const secrets = [newSecret()];
      await store.save('orders', secrets);
      expect(await store.load('orders')).toEqual(secrets);
    });

    it('needs no CREATE privilege once the table exists', async () => {
      const role = `reader_${place.prefix.replaceAll('-', '')}`.slice(0, 63);
      await open().save('orders', []);
      await run(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'; GRANT USAGE ON SCHEMA "${place.prefix}" TO ${role};
                 GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${place.prefix}" TO ${role}`);
      const limited = new URL(url);
      limited.username = role;
      limited.password = 'reader';
      const store = open({ url: limited.href });
      const secrets = [newSecret()];
      await store.save('orders', secrets);
      expect(await store.load('orders')).toEqual(secrets);
      await store.close!();
      await run(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });

    const run = async (sql: string) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(sql);
      await client.end();
    };
  }
});

interface OpenOptions extends BullmqSecretStoreOptions {
  readonly keys?: string[];
  readonly registration?: string;
}

async function expectUnavailable(store: SigningSecretStore): Promise<void> {
  const startedAt = Date.now();
  await expect(store.load('orders')).rejects.toMatchObject({
    code: 'keys_unavailable',
    message: expect.stringContaining('the signing secrets of "orders" could not be read: '),
  });
  await expect(store.save('orders', [newSecret()])).rejects.toMatchObject({ code: 'keys_unavailable' });
  expect(Date.now() - startedAt).toBeLessThan(2 * BOUND_MS);
}
