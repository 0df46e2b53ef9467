import { randomUUID } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { GeminiWebhooksError } from '../errors.js';
import { describe } from '../shared/check-object.js';
import { withFileLock } from './file-lock.js';
import type { SigningSecret, SigningSecretStore, SigningSecretStoreFactory } from './signing-secret-store.js';

const MAX_BYTES = 1024 * 1024;

/** Mode bits that let other users read or write the file. */
const OTHERS = 0o077;

interface Content {
  readonly version: 1;
  readonly endpoints: Readonly<Record<string, readonly SigningSecret[]>>;
}

/**
 * Stores signing secrets in a JSON file that only its owner can read (mode 0600), for any number of static webhooks. For one
 * machine: processes that share the file see each other's changes at once. The secrets in it are not encrypted.
 *
 * `load` and `save` throw GeminiWebhooksError `invalid_option` if other users can read the file, or if it has other content.
 *
 * @throws GeminiWebhooksError `invalid_option` if the path is not a string or empty
 *
 * @param path of the file; `save` creates it and its folder if they do not exist
 * @example
 * GeminiWebhooksModule.forRoot({ endpoint: { name: 'my-app', events: ['batch.succeeded'], secretStore: fileSecretStore('.gemini-secrets.json') } })
 */
export function fileSecretStore(path: string): SigningSecretStoreFactory {
  if (typeof path !== 'string' || path === '') {
    const given = path === '' ? 'an empty string' : describe(path);
    throw new GeminiWebhooksError('invalid_option', `fileSecretStore: path: got ${given}. Give the path of a file.`);
  }
  return () => new FileSecretStore(resolve(path));
}

class FileSecretStore implements SigningSecretStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(webhook: string): Promise<SigningSecret[]> {
    const { endpoints } = await read(this.#path);
    return Object.hasOwn(endpoints, webhook) ? [...(endpoints[webhook] ?? [])] : [];
  }

  async save(webhook: string, secrets: SigningSecret[]): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await withFileLock(`${this.#path}.lock`, async () => {
      const { endpoints } = await read(this.#path);
      const others = Object.entries(endpoints).filter(([name]) => name !== webhook);
      const own: [string, SigningSecret[]][] = secrets.length > 0 ? [[webhook, secrets]] : [];
      await replace(this.#path, { version: 1, endpoints: Object.fromEntries([...others, ...own]) });
    });
  }

  async watch(_webhook: string, changed: () => void): Promise<() => void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    // Watches the folder, because each save replaces the file.
    const watcher = watch(dirname(this.#path), { persistent: false }, (_, file) => {
      if (file === basename(this.#path)) changed();
    });
    // Callers reload every few seconds anyway.
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  }
}

async function read(path: string): Promise<Content> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return { version: 1, endpoints: {} };
    throw error;
  }
  try {
    const { mode, size } = await file.stat();
    // Windows has no such mode bits.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw rejected(
        path,
        `other users can read it (mode ${(mode & 0o777).toString(8)}). Rotate the secrets if they may have leaked, and run: chmod 600 ${path}`,
      );
    }
    if (size > MAX_BYTES) throw rejected(path, `it is larger than ${MAX_BYTES} bytes. Give another path`);
    return parse(path, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

function parse(path: string, text: string): Content {
  try {
    const content = JSON.parse(text) as Content | null;
    if (content?.version === 1 && typeof content.endpoints === 'object' && content.endpoints !== null) return content;
  } catch {
    // The parser's message is dropped, because it quotes the text.
  }
  throw rejected(path, 'it is not a file of signing secrets. Give another path');
}

/** Replaces the file. Durable once it resolves: first the content is synced, then the folder. */
async function replace(path: string, content: Content): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder, and does not need to.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function rejected(path: string, why: string): GeminiWebhooksError {
  return new GeminiWebhooksError('invalid_option', `fileSecretStore: ${path} is not used: ${why}.`);
}
