import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';

/** Incomplete file on disk; hashes the content while it is appended. */
export class FileDraft {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  static async at(path: string): Promise<FileDraft> {
    return new FileDraft(path, await open(path, 'wx'));
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#handle.appendFile(bytes);
    this.#hash.update(bytes);
    this.#sizeBytes += bytes.length;
  }

  /** Closes the file for writing and returns its SHA-256. */
  async close(): Promise<Buffer> {
    await this.#handle.close();
    return this.#hash.digest();
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
  }
}
