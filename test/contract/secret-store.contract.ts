import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import type { SigningSecret, SigningSecretStore } from '../../lib/static-webhooks/signing-secret-store.js';
import { until } from '../support/until.js';

/** Creates the stores of several processes that share their secrets. */
export type SecretStoreFixture = () => SigningSecretStore;

/** A secret in Gemini's format. */
export function newSecret(expiresAt?: string): SigningSecret {
  const value = `whsec_${randomBytes(24).toString('base64')}`;
  return expiresAt === undefined ? { value } : { value, expiresAt };
}

/** The behaviour of every secret store. */
export function secretStoreContract(name: string, openStore: SecretStoreFixture): void {
  describe(`the secret store ${name}`, () => {
    const opened: SigningSecretStore[] = [];

    const open = () => {
      const store = openStore();
      opened.push(store);
      return store;
    };

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((store) => store.close?.()));
    });

    it('loads nothing for an unknown static webhook', async () => {
      expect(await open().load(randomUUID())).toEqual([]);
    });

    it('loads in one process what another has saved, in order and with expiry', async () => {
      const secrets = [newSecret(), newSecret('2026-11-26T12:00:00Z')];
      await open().save('orders', secrets);

      expect(await open().load('orders')).toEqual(secrets);
    });

    it('keeps only the last saved secrets', async () => {
      const [first, second] = [open(), open()];
      const secret = newSecret();
      await first.save('orders', [newSecret()]);
      await second.save('orders', [secret]);

      expect(await first.load('orders')).toEqual([secret]);
    });

    it('removes a static webhook that is saved without secrets', async () => {
      const store = open();
      await store.save('orders', [newSecret()]);
      await store.save('orders', []);
      await store.save('never there', []);

      expect(await store.load('orders')).toEqual([]);
    });

    it('keeps static webhooks apart, whatever their names', async () => {
      const store = open();
      const names = [
        'orders',
        'orders.created.1',
        'Orders',
        '__proto__',
        'a "b" \\ c',
        'Bestellungen für Ü',
        'x'.repeat(200),
      ];
      const kept = names.map((endpoint) => ({ endpoint, secrets: [newSecret()] }));
      for (const { endpoint, secrets } of kept) await store.save(endpoint, secrets);

      for (const { endpoint, secrets } of kept) expect(await store.load(endpoint)).toEqual(secrets);
    });

    it('loses no static webhook when ten processes save at once into a new store', async () => {
      const kept = Array.from({ length: 10 }, (_, index) => ({ endpoint: `orders-${index}`, secrets: [newSecret()] }));
      await Promise.all(kept.map(({ endpoint, secrets }) => open().save(endpoint, secrets)));

      const reader = open();
      for (const { endpoint, secrets } of kept) expect(await reader.load(endpoint)).toEqual(secrets);
    });

    it('notifies watchers of saves by other processes until they stop', async () => {
      const [watching, saving] = [open(), open()];
      let seen: readonly SigningSecret[] = [];
      const ends = [
        await watching.watch!('orders', async () => (seen = await watching.load('orders'))),
        await watching.watch!('orders', () => undefined),
      ];
      const secret = newSecret();
      await saving.save('orders', [secret]);
      await until(() => seen[0]?.value === secret.value);

      let calls = 0;
      let others = 0;
      const end = await watching.watch!('orders', () => (calls += 1));
      end();
      const before = calls;
      ends.push(await watching.watch!('orders', () => (others += 1)));
      await saving.save('orders', [newSecret()]);
      await until(() => others > 0);
      expect(calls).toBe(before);
      for (const stop of ends) stop();
    });
  });
}
