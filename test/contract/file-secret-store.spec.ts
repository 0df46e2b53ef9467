import { afterAll, beforeEach } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSecretStore } from '../../lib/static-webhooks/file-secret-store.js';
import { secretStoreContract } from './secret-store.contract.js';

const folders: string[] = [];

beforeEach(() => {
  folders.push(mkdtempSync(join(tmpdir(), 'gemini-webhooks-secrets-')));
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

secretStoreContract('in a file', () =>
  fileSecretStore(join(folders.at(-1)!, 'secrets.json'))({ registration: 'default', keys: [] }),
);
