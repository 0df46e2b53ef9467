import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FileDraft } from './file-draft.js';
import { ApiError, type SimulatorClock } from './simulated-api.js';

/** Gemini keeps files for 2 days (wire.md). */
const RETENTION_MS = 48 * 60 * 60 * 1000;

/** Parameters of a new file. */
export interface NewFile {
  readonly mimeType: string;
  readonly displayName?: string | undefined;
  /**
   * `files/…`
   * @default a random name
   */
  readonly name?: string | undefined;
  /** Only generated files can be downloaded. */
  readonly source: 'UPLOADED' | 'GENERATED';
  /** Length of a video. */
  readonly seconds?: number | undefined;
  /**
   * Milliseconds of the simulator's time that the file is `PROCESSING`. It cannot be downloaded before it is `ACTIVE`.
   * @default 0
   */
  readonly processingMs?: number | undefined;
}

/** Complete file. */
export interface StoredFile extends NewFile {
  readonly name: string;
  readonly sequence: number;
  readonly sizeBytes: number;
  readonly sha256: Buffer;
  /** Unix milliseconds of the simulator's clock. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Fault of downloads, for tests of resuming. */
interface Cut {
  readonly bytes: number;
  readonly ignoreRange: boolean;
  left: number;
}

type Entry = StoredFile & { readonly content: Uint8Array | { readonly path: string } };

/** Files of the simulated API, in a temporary folder: large ones do not use memory. */
export class FileStore {
  readonly #clock: SimulatorClock;
  readonly #entries = new Map<string, Entry>();
  readonly #drafts = new Set<FileDraft>();
  #folder: Promise<string> | undefined;
  #cut: Cut | undefined;
  #sequence = 0;
  #isClosed = false;

  constructor(clock: SimulatorClock) {
    this.#clock = clock;
  }

  /** Adds a small file in memory. Files may share their bytes. */
  put(bytes: Uint8Array, file: NewFile): StoredFile {
    return this.#add(file, { content: bytes, sizeBytes: bytes.length, sha256: sha256Of(bytes) });
  }

  /** Writes a file of any size from a stream. */
  async write(content: AsyncIterable<string | Uint8Array>, file: NewFile): Promise<StoredFile> {
    const draft = await this.draft();
    try {
      for await (const chunk of content) await draft.append(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      return await this.complete(draft, file);
    } catch (error) {
      await this.discard(draft);
      throw error;
    }
  }

  /** Starts a file that is visible only after `complete`. */
  async draft(): Promise<FileDraft> {
    if (this.#isClosed) throw new ApiError(503, 'UNAVAILABLE', 'The simulator is closed.');
    this.#folder ??= mkdtemp(join(tmpdir(), 'gemini-simulator-'));
    const draft = await FileDraft.at(join(await this.#folder, randomBytes(12).toString('hex')));
    this.#drafts.add(draft);
    return draft;
  }

  /** Turns a draft into a file. */
  async complete(draft: FileDraft, file: NewFile): Promise<StoredFile> {
    this.#drafts.delete(draft);
    const { path, sizeBytes } = draft;
    return this.#add(file, { content: { path }, sizeBytes, sha256: await draft.close() });
  }

  async discard(draft: FileDraft): Promise<void> {
    if (this.#drafts.delete(draft)) await draft.discard();
  }

  /** @throws ApiError 403 for an unknown file, as Gemini responds */
  get(name: string): StoredFile {
    return this.#entry(name);
  }

  has(name: string): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.expiresAt > this.#clock.now();
  }

  /** Returns `PROCESSING` until the file's `processingMs` have passed. */
  stateOf({ createdAt, processingMs = 0 }: StoredFile): 'PROCESSING' | 'ACTIVE' {
    return this.#clock.now() < createdAt + processingMs ? 'PROCESSING' : 'ACTIVE';
  }

  /**
   * @throws ApiError 403 for an unknown file, 400 `FAILED_PRECONDITION` for a file in processing (live:
   * BerriAI/litellm#20007)
   */
  getActive(name: string): StoredFile {
    const file = this.get(name);
    if (this.stateOf(file) === 'ACTIVE') return file;
    const message = `The File ${idOf(name)} is not in an ACTIVE state and usage is not allowed.`;
    throw new ApiError(400, 'FAILED_PRECONDITION', message);
  }

  /** Returns all files in the order of creation. */
  list(): readonly StoredFile[] {
    return [...this.#entries.values()].filter(({ name }) => this.has(name));
  }

  /** Returns the content, or the bytes from `start` to `end` inclusive. @throws ApiError 403 for an unknown file */
  read(name: string, range: { readonly start?: number; readonly end?: number } = {}): Readable {
    const { content } = this.#entry(name);
    if ('path' in content) return createReadStream(content.path, range);
    const bytes = content.subarray(range.start, range.end === undefined ? undefined : range.end + 1);
    return Readable.from([bytes], { objectMode: false });
  }

  /** @throws ApiError 403 for an unknown file */
  async delete(name: string): Promise<void> {
    const { content } = this.#entry(name);
    this.#entries.delete(name);
    if ('path' in content) await rm(content.path, { force: true });
  }

  /**
   * Closes the connection of the next downloads after `bytes` bytes of the body.
   *
   * @param bytes `Infinity` closes none
   * @param options `times`: number of downloads to close (default 1); `ignoreRange`: ignore the `Range` header of these and
   * all later downloads (default false)
   * @returns a function that removes the fault
   */
  cutDownloadsAfter(
    bytes: number,
    { times = 1, ignoreRange = false }: { readonly times?: number; readonly ignoreRange?: boolean } = {},
  ): () => void {
    const cut: Cut = { bytes, ignoreRange, left: times };
    this.#cut = cut;
    return () => {
      if (this.#cut === cut) this.#cut = undefined;
    };
  }

  /** Returns the fault for a download that starts now. */
  takeCut(): { readonly afterBytes: number; readonly ignoreRange: boolean } {
    if (this.#cut === undefined) return { afterBytes: Infinity, ignoreRange: false };
    const { bytes, ignoreRange, left } = this.#cut;
    if (left > 0) this.#cut.left -= 1;
    return { afterBytes: left > 0 ? bytes : Infinity, ignoreRange };
  }

  /** Deletes all files; refuses new ones. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#entries.clear();
    await Promise.all([...this.#drafts].map((draft) => this.discard(draft)));
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined || !this.has(name)) {
      const message = `You do not have permission to access the File ${idOf(name)} or it may not exist.`;
      throw new ApiError(403, 'PERMISSION_DENIED', message);
    }
    return entry;
  }

  #add(file: NewFile, stored: Pick<Entry, 'content' | 'sizeBytes' | 'sha256'>): StoredFile {
    const name = file.name ?? `files/${fileId()}`;
    const createdAt = this.#clock.now();
    const entry: Entry = {
      ...file,
      ...stored,
      name,
      createdAt,
      sequence: (this.#sequence += 1),
      expiresAt: createdAt + RETENTION_MS,
    };
    this.#entries.set(name, entry);
    return entry;
  }
}

/** Uses only lower-case letters and digits: the SDK reads no other characters of the id in a download URI. */
function fileId(): string {
  return BigInt(`0x${randomBytes(10).toString('hex')}`)
    .toString(36)
    .padStart(12, '0')
    .slice(-12);
}

function idOf(name: string): string {
  return name.replace(/^files\//, '');
}

function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
