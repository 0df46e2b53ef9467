import { randomBytes } from 'node:crypto';
import type { FileDraft } from './file-draft.js';
import type { FileStore, NewFile, StoredFile } from './file-store.js';
import { ApiError, type ApiRequest } from './simulated-api.js';
import { invalidArgument, optionalObject, optionalString } from './request-fields.js';

/** Maximum size of a file at Gemini: 2 GB (wire.md). */
const MAX_BYTES = 2 * 1024 ** 3;
const FILE_NAME = /^files\/[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

interface Upload {
  readonly draft: FileDraft;
  readonly file: NewFile;
  /** Size that the client declared when it started the upload. */
  readonly declaredBytes: number | undefined;
}

/** State of an upload after a request. */
export type UploadProgress =
  | { readonly status: 'active'; readonly receivedBytes: number }
  | { readonly status: 'cancelled' }
  | { readonly status: 'final'; readonly file: StoredFile };

/**
 * Google's resumable uploads: the response to `start` has the URL for the chunks, each of which has an offset. The last
 * chunk has the command `finalize` (headers as `@google/genai` 2.32 sends them).
 */
export class FileUploads {
  readonly #files: FileStore;
  readonly #uploads = new Map<string, Upload>();

  constructor(files: FileStore) {
    this.#files = files;
  }

  /** Returns the id of the upload. @throws ApiError for invalid file parameters */
  async start(request: ApiRequest): Promise<string> {
    if (header(request, 'x-goog-upload-protocol') !== 'resumable' || !commandsOf(request).has('start')) {
      throw invalidArgument('Upload with X-Goog-Upload-Protocol: resumable and X-Goog-Upload-Command: start');
    }
    const declared = header(request, 'x-goog-upload-header-content-length');
    const declaredBytes = declared === undefined ? undefined : byteCount(declared);
    checkSize(declaredBytes ?? 0);
    const file = this.#newFile(await request.json(), header(request, 'x-goog-upload-header-content-type'));
    const id = randomBytes(16).toString('hex');
    this.#uploads.set(id, { file, declaredBytes, draft: await this.#files.draft() });
    return id;
  }

  /** Handles a chunk, a query or a cancellation. @throws ApiError for an unknown upload or a wrong offset or size */
  async continue(id: string, request: ApiRequest): Promise<UploadProgress> {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new ApiError(404, 'NOT_FOUND', 'No such upload, or it has ended.');
    const commands = commandsOf(request);
    if (commands.has('cancel')) {
      this.#uploads.delete(id);
      await this.#files.discard(upload.draft);
      return { status: 'cancelled' };
    }
    if (commands.has('upload')) await appendFrom(request, upload);
    if (!commands.has('finalize')) return { status: 'active', receivedBytes: upload.draft.sizeBytes };
    return { status: 'final', file: await this.#complete(id, upload) };
  }

  #newFile(body: unknown, mimeType: string | undefined): NewFile {
    const file = optionalObject(optionalObject(body, 'body')?.['file'], 'file') ?? {};
    const name = optionalString(file['name'], 'file.name');
    if (name !== undefined) this.#checkName(name);
    return {
      name,
      mimeType: optionalString(file['mimeType'], 'file.mimeType') ?? mimeType ?? 'application/octet-stream',
      displayName: optionalString(file['displayName'], 'file.displayName'),
      source: 'UPLOADED',
    };
  }

  #checkName(name: string): void {
    if (!FILE_NAME.test(name)) throw invalidArgument(`Invalid file name: ${name}`);
    if (this.#files.has(name)) throw new ApiError(409, 'ALREADY_EXISTS', `The file ${name} already exists.`);
  }

  async #complete(id: string, { draft, file, declaredBytes = draft.sizeBytes }: Upload): Promise<StoredFile> {
    if (declaredBytes !== draft.sizeBytes) {
      throw invalidArgument(`${declaredBytes} bytes were announced, but ${draft.sizeBytes} have arrived`);
    }
    if (file.name !== undefined) this.#checkName(file.name);
    this.#uploads.delete(id);
    return this.#files.complete(draft, file);
  }
}

/** Skips bytes that it already has: a client repeats a chunk if the response was lost. */
async function appendFrom(request: ApiRequest, { draft, declaredBytes = MAX_BYTES }: Upload): Promise<void> {
  const offset = byteCount(header(request, 'x-goog-upload-offset') ?? '0');
  if (offset > draft.sizeBytes)
    throw invalidArgument(`Offset ${offset}, but only ${draft.sizeBytes} bytes have arrived`);
  let duplicateBytes = draft.sizeBytes - offset;
  for await (const chunk of request.body as AsyncIterable<Buffer>) {
    const fresh = chunk.subarray(duplicateBytes);
    duplicateBytes -= chunk.length - fresh.length;
    if (draft.sizeBytes + fresh.length > declaredBytes) throw invalidArgument('More bytes than announced have arrived');
    await draft.append(fresh);
  }
}

function commandsOf(request: ApiRequest): ReadonlySet<string> {
  return new Set((header(request, 'x-goog-upload-command') ?? '').split(',').map((command) => command.trim()));
}

function header({ headers }: ApiRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function byteCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument(`Not a number of bytes: ${text}`);
  return Number(text);
}

function checkSize(bytes: number): void {
  if (bytes > MAX_BYTES) throw invalidArgument(`A file has at most ${MAX_BYTES} bytes`);
}
