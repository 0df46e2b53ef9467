import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSecretStore } from '../../../lib/static-webhooks/file-secret-store.js';
import type { SigningSecretStore } from '../../../lib/static-webhooks/signing-secret-store.js';
import { newSecret } from '../../support/senders.js';
import { until } from '../../support/until.js';
import { refusalOf } from '../../support/verifying.js';

jest.setTimeout(30_000);

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  path = join(folder, 'kept', 'secrets.json');
});

afterEach(() => rm(folder, { recursive: true }));

const openStore = (): SigningSecretStore => fileSecretStore(path)({ registration: 'default', keys: [] });

describe('fileSecretStore', () => {
  it('loads nothing before the first save', async () => {
    expect(await openStore().load('a')).toEqual([]);
  });

  it('loads the saved secrets of each static webhook', async () => {
    const [one, two] = [[{ value: newSecret() }], [{ value: newSecret(), expiresAt: '2026-01-22T12:00:00Z' }]];
    await openStore().save('a', one);
    await openStore().save('__proto__', two);

    expect(await openStore().load('a')).toEqual(one);
    expect(await openStore().load('__proto__')).toEqual(two);
    expect(await openStore().load('constructor')).toEqual([]);
  });

  it('replaces saved secrets, and removes a webhook without secrets', async () => {
    const store = openStore();
    await store.save('a', [{ value: 'whsec_AAAA' }]);
    await store.save('a', [{ value: 'whsec_BBBB' }]);
    expect(await store.load('a')).toEqual([{ value: 'whsec_BBBB' }]);

    await store.save('a', []);
    expect(await readFile(path, 'utf8')).not.toContain('"a"');
  });

  it('creates a file that only its owner can read, and leaves no other files', async () => {
    await openStore().save('a', [{ value: newSecret() }]);

    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'kept'))).toEqual(['secrets.json']);
  });

  it.each([0o644, 0o640, 0o620, 0o604])('refuses a file of mode %p, which other users can access', async (mode) => {
    const value = newSecret();
    await openStore().save('a', [{ value }]);
    await chmod(path, mode);

    for (const use of [() => openStore().load('a'), () => openStore().save('a', [])]) {
      const refusal = await refusalOf(use);
      expect(refusal).toMatchObject({ code: 'invalid_option', message: expect.stringContaining(`chmod 600 ${path}`) });
      expect(refusal.message).not.toContain(value);
    }
  });

  it.each([
    ['text', 'whsec_SECRET'],
    ['a list', '["whsec_SECRET"]'],
    ['null', 'null'],
    ['another version', '{"version":2,"endpoints":{"a":"whsec_SECRET"}}'],
    ['no endpoints', '{"version":1,"endpoints":null}'],
  ])('refuses a file that holds %s, without quoting or changing it', async (_, text) => {
    path = join(folder, 'other.json');
    await writeFile(path, text, { mode: 0o600 });

    const refusal = await refusalOf(() => openStore().save('a', []));

    expect(refusal.code).toBe('invalid_option');
    expect(refusal.message).not.toContain('SECRET');
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('loses nothing in concurrent saves', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `endpoint-${index}`);

    await Promise.all(names.map((name) => openStore().save(name, [{ value: name }])));

    expect(await Promise.all(names.map((name) => openStore().load(name)))).toEqual(names.map((value) => [{ value }]));
  });

  it('removes the stale lock of a process that was killed during a save', async () => {
    await openStore().save('a', [{ value: 'whsec_AAAA' }]);
    await writeFile(`${path}.lock`, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);

    await openStore().save('a', [{ value: 'whsec_BBBB' }]);

    expect(await openStore().load('a')).toEqual([{ value: 'whsec_BBBB' }]);
    expect(await readdir(join(folder, 'kept'))).toEqual(['secrets.json']);
  });

  it('does not wait forever for another process that saves', async () => {
    await openStore().save('a', [{ value: 'whsec_AAAA' }]);
    await writeFile(`${path}.lock`, '');
    const stillAtIt = setInterval(() => void utimes(`${path}.lock`, new Date(), new Date()), 200);

    const refusal = await refusalOf(() => openStore().save('a', [])).finally(() => clearInterval(stillAtIt));

    expect(refusal.code).toBe('timeout');
    expect(await openStore().load('a')).toEqual([{ value: 'whsec_AAAA' }]);
  });

  it('waits until the lock of a process that was just killed is stale', async () => {
    await openStore().save('b', []);
    await writeFile(`${path}.lock`, '');

    await openStore().save('a', [{ value: 'whsec_AAAA' }]);

    expect(await openStore().load('a')).toEqual([{ value: 'whsec_AAAA' }]);
  });

  it('notifies watchers of saves by other processes until they stop', async () => {
    const changed = jest.fn();
    const unwatch = await openStore().watch!('a', changed);

    await openStore().save('a', [{ value: 'whsec_AAAA' }]);

    await until(() => changed.mock.calls.length > 0);
    unwatch();
  });
});
