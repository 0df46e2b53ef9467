import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';

/** A file on disk that is being written, front to back, and hashed on the way. */
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

  /** Nothing can be appended any more. Returns the SHA-256 of what was. */
  async close(): Promise<Buffer> {
    await this.#handle.close();
    return this.#hash.digest();
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
  }
}
