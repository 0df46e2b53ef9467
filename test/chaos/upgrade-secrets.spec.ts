import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { copyFile, chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bullmqSecretStore } from '../../lib/bullmq/index.js';
import { fileSecretStore } from '../../lib/index.js';
import type { SigningSecretStoreFactory } from '../../lib/static-webhooks/signing-secret-store.js';
import type { GeminiSimulator } from '../../lib/testing/index.js';
import { closeApps } from '../support/apps.js';
import { BINDING_SECRET } from '../support/binding-tokens.js';
import { createUnkept, startEndpointApp } from '../support/endpoints.js';
import { post } from '../support/http.js';
import { closeSimulators, startGemini } from '../support/jobs.js';
import { bodyOf, newSecret, withHmac } from '../support/senders.js';
import { STORES } from '../support/stores.js';
import { until } from '../support/until.js';
import { restoredStore, SAVED_FOLDER } from './support/saved-data.js';

jest.setTimeout(60_000);

/** Secrets that an earlier version saved. */
interface SavedSecrets {
  /** The static webhook whose rotation a killed process had begun. */
  readonly webhook: string;
  readonly factory: SigningSecretStoreFactory;
  remove(): Promise<void>;
}

const CASES = ['0.1.0', '0.2.0'].flatMap((version) => [
  ...STORES.map((store) => ({
    version,
    name: store.name,
    async restore(): Promise<SavedSecrets> {
      const { url, prefix, remove } = await restoredStore(version, store);
      return { webhook: 'orders-inbox', factory: bullmqSecretStore({ url, prefix }), remove };
    },
  })),
  {
    version,
    name: 'a file',
    async restore(): Promise<SavedSecrets> {
      const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-secrets-'));
      const path = join(folder, 'secrets.json');
      await copyFile(join(SAVED_FOLDER, `${version}-secrets.json`), path);
      await chmod(path, 0o600);
      return {
        webhook: 'orders-file',
        factory: fileSecretStore(path),
        remove: () => rm(folder, { recursive: true, force: true }),
      };
    },
  },
]);

describe.each(CASES)('an app with the secrets that version $version left in $name', ({ restore }) => {
  let gemini: GeminiSimulator;
  let saved: SavedSecrets;

  beforeEach(async () => {
    saved = await restore();
    gemini = await startGemini();
  });

  afterEach(async () => {
    await closeApps();
    await closeSimulators();
    await saved.remove();
  });

  it('verifies with them and finishes the rotation that had begun', async () => {
    const { webhook: name, factory } = saved;
    const store = factory({ registration: 'default', keys: [BINDING_SECRET], inboxUrl: undefined });
    await createUnkept(gemini, name);
    const [before, ...others] = await store.load(name);
    expect(others).toEqual([]);
    expect(await store.load(`${name}.rotating`)).toHaveLength(1);

    const { origin, endpoints } = await startEndpointApp(gemini, {
      binding: { secret: BINDING_SECRET },
      endpoint: { name, events: ['batch.succeeded'], secretStore: factory },
    });
    // On a busy machine the sync at start may reach its time limit.
    await until(() =>
      endpoints.sync({ name, events: ['batch.succeeded'], secretStore: factory }).then(
        () => true,
        () => false,
      ),
    );
    expect(await store.load(`${name}.rotating`)).toEqual([]);
    const [current, previous] = await store.load(name);
    await store.close?.();
    const statusWith = async (secret: string) =>
      (await post(`${origin}/gemini/webhooks`, withHmac(secret, bodyOf('batch.succeeded', { id: 'batch_1' })))).status;

    expect(gemini.countOf('webhooks.rotateSigningSecret')).toBe(1);
    expect(previous?.value).toBe(before!.value);
    expect(await statusWith(current!.value)).toBe(200);
    expect(await statusWith(before!.value)).toBe(200);
    expect(await statusWith(newSecret())).toBe(401);
  });
});

describe.each(CASES.filter(({ name }) => name !== 'a file'))(
  'the secrets that version $version left in $name after a rotation',
  ({ restore }) => {
    it('are both read', async () => {
      const { factory, remove } = await restore();
      const store = factory({ registration: 'default', keys: [BINDING_SECRET], inboxUrl: undefined });

      expect(await store.load('rotated')).toEqual([
        { value: `whsec_${Buffer.from('the secret after the rotation...').toString('base64')}` },
        {
          value: `whsec_${Buffer.from('the secret before the rotation..').toString('base64')}`,
          expiresAt: '2099-01-01T00:00:00.000Z',
        },
      ]);
      await store.close?.();
      await remove();
    });
  },
);
