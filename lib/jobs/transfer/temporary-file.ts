import { close, createReadStream, open, write } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const [openFile, writeTo, closeFile] = [promisify(open), promisify(write), promisify(close)];

/** Closes the files of garbage-collected objects that were neither read nor removed. */
const forgotten = new FinalizationRegistry<number>((descriptor) => close(descriptor, () => undefined));

/**
 * A file without a name: it disappears when it is closed, also if the process is killed. Written sequentially, then read
 * once.
 */
export class TemporaryFile {
  readonly #descriptor: number;
  /** Remains on systems that cannot remove an open file. */
  readonly #folder: string;
  #isOpen = true;
  #sizeBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(descriptor: number, folder: string) {
    this.#descriptor = descriptor;
    this.#folder = folder;
    forgotten.register(this, descriptor, this);
  }

  /** @param parent folder for it, by default the system's folder for temporary files, which may be in memory */
  static async create(parent = tmpdir()): Promise<TemporaryFile> {
    const folder = await mkdtemp(join(parent, 'gemini-video-'));
    try {
      const file = new TemporaryFile(await openFile(join(folder, 'data'), 'wx+', 0o600), folder);
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
      return file;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Appends the bytes. Call it again only after it has resolved. */
  async append(bytes: Buffer): Promise<void> {
    this.#writing = this.#write(bytes);
    await this.#writing;
  }

  /** Reads a part of the file and removes the file at the end, or when the stream is destroyed. */
  stream(start: number, sizeBytes: number): Readable {
    this.#isOpen = false;
    forgotten.unregister(this);
    const stream = createReadStream('', { fd: this.#descriptor, start, end: start + sizeBytes - 1, autoClose: true });
    return stream.once('close', () => void this.#removeFolder());
  }

  /** Removes the file, unless a stream was returned. */
  async remove(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    forgotten.unregister(this);
    // A write to a closed descriptor could reach the next file that gets its number.
    await this.#writing.catch(() => undefined);
    await closeFile(this.#descriptor);
    await this.#removeFolder();
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length && this.#isOpen;) {
      const position = this.#sizeBytes + written;
      const { bytesWritten } = await writeTo(this.#descriptor, bytes, written, bytes.length - written, position);
      written += bytesWritten;
    }
    this.#sizeBytes += bytes.length;
  }

  async #removeFolder(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
