import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FileDraft } from './file-draft.js';
import { ApiError, type SimulatorClock } from './simulated-api.js';

/** How long Gemini keeps a file: 2 days (wire.md). */
const KEPT_MS = 48 * 60 * 60 * 1000;

/** What a file is made with. */
export interface NewFile {
  readonly mimeType: string;
  readonly displayName?: string | undefined;
  /**
   * `files/…`
   * @default a random one
   */
  readonly name?: string | undefined;
  /** Only what Gemini itself has made can be downloaded. */
  readonly source: 'UPLOADED' | 'GENERATED';
  /** Of a video. */
  readonly seconds?: number | undefined;
}

/** A file that is complete. */
export interface StoredFile extends NewFile {
  readonly name: string;
  readonly sequence: number;
  readonly sizeBytes: number;
  readonly sha256: Buffer;
  /** Unix milliseconds of the simulator's clock. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A download that breaks, for tests of those who resume it. */
interface Cut {
  readonly bytes: number;
  readonly ignoreRange: boolean;
  left: number;
}

type Entry = StoredFile & { readonly content: Uint8Array | { readonly path: string } };

/** The files of the simulated API: on disk, in a temporary folder of its own, so that their size does not matter. */
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

  /** Keeps a small file in memory: it is there at once, and may be the same bytes as others. */
  put(bytes: Uint8Array, file: NewFile): StoredFile {
    return this.#add(file, { content: bytes, sizeBytes: bytes.length, sha256: sha256Of(bytes) });
  }

  /** Writes a file of any size as its content comes. */
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

  /** Starts a file whose bytes come bit by bit. It is nobody's until it is completed. */
  async draft(): Promise<FileDraft> {
    if (this.#isClosed) throw new ApiError(503, 'UNAVAILABLE', 'The simulator is closed.');
    this.#folder ??= mkdtemp(join(tmpdir(), 'gemini-simulator-'));
    const draft = await FileDraft.at(join(await this.#folder, randomBytes(12).toString('hex')));
    this.#drafts.add(draft);
    return draft;
  }

  /** Makes a draft a file that others can see. */
  async complete(draft: FileDraft, file: NewFile): Promise<StoredFile> {
    this.#drafts.delete(draft);
    const { path, sizeBytes } = draft;
    return this.#add(file, { content: { path }, sizeBytes, sha256: await draft.close() });
  }

  async discard(draft: FileDraft): Promise<void> {
    if (this.#drafts.delete(draft)) await draft.discard();
  }

  /** @throws ApiError 403, which is how Gemini says that there is no such file */
  get(name: string): StoredFile {
    return this.#entry(name);
  }

  has(name: string): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.expiresAt > this.#clock.now();
  }

  /** In the order in which they were made. */
  list(): readonly StoredFile[] {
    return [...this.#entries.values()].filter(({ name }) => this.has(name));
  }

  /** The bytes from `start` up to and with `end`, or all. @throws ApiError 403 when there is no such file */
  read(name: string, range: { readonly start?: number; readonly end?: number } = {}): Readable {
    const { content } = this.#entry(name);
    if ('path' in content) return createReadStream(content.path, range);
    const bytes = content.subarray(range.start, range.end === undefined ? undefined : range.end + 1);
    return Readable.from([bytes], { objectMode: false });
  }

  /** @throws ApiError 403 when there is no such file */
  async delete(name: string): Promise<void> {
    const { content } = this.#entry(name);
    this.#entries.delete(name);
    if ('path' in content) await rm(content.path, { force: true });
  }

  /**
   * Breaks the connection of downloads to come after `bytes` bytes of their body.
   *
   * @param options `times`: how many downloads break (default 1); `ignoreRange`: answer these and all later downloads
   * as if they had no `Range` header (default false). `bytes: Infinity` breaks none.
   * @returns ends both
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

  /** What is to be done to a download that starts now. */
  takeCut(): { readonly afterBytes: number; readonly ignoreRange: boolean } {
    if (this.#cut === undefined) return { afterBytes: Infinity, ignoreRange: false };
    const { bytes, ignoreRange, left } = this.#cut;
    if (left > 0) this.#cut.left -= 1;
    return { afterBytes: left > 0 ? bytes : Infinity, ignoreRange };
  }

  /** Removes everything from disk, and takes nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#entries.clear();
    await Promise.all([...this.#drafts].map((draft) => this.discard(draft)));
    if (this.#folder !== undefined) await rm(await this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined || !this.has(name)) {
      const id = name.replace(/^files\//, '');
      const message = `You do not have permission to access the File ${id} or it may not exist.`;
      throw new ApiError(403, 'PERMISSION_DENIED', message);
    }
    return entry;
  }

  #add(file: NewFile, made: Pick<Entry, 'content' | 'sizeBytes' | 'sha256'>): StoredFile {
    const name = file.name ?? `files/${fileId()}`;
    const createdAt = this.#clock.now();
    const entry: Entry = {
      ...file,
      ...made,
      name,
      createdAt,
      sequence: (this.#sequence += 1),
      expiresAt: createdAt + KEPT_MS,
    };
    this.#entries.set(name, entry);
    return entry;
  }
}

/** Lower-case letters and digits only: the SDK takes no more of the id in a download address. */
function fileId(): string {
  return BigInt(`0x${randomBytes(10).toString('hex')}`)
    .toString(36)
    .padStart(12, '0')
    .slice(-12);
}

function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
