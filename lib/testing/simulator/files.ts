import { apiPath } from './api-path.js';
import { downloadOf } from './file-download.js';
import { FileStore, type StoredFile } from './file-store.js';
import { FileUploads } from './file-uploads.js';
import { pageOf } from './paging.js';
import { invalidArgument, type JsonObject } from './request-fields.js';
import type { ApiResponse, ApiRequest, SimulatedResource, SimulatorContext } from './simulated-api.js';

export { FileStore, type NewFile, type StoredFile } from './file-store.js';

const UPLOADS = /^\/upload\/v1(?:alpha|beta)?\/files$/;
const UPLOAD = /^\/upload\/v1beta\/files\/([0-9a-f]+)$/;

/** Access to the simulator's files for tests. */
export type SimulatedFiles = Pick<
  FileStore,
  'put' | 'write' | 'get' | 'stateOf' | 'has' | 'list' | 'read' | 'delete' | 'cutDownloadsAfter'
>;

/**
 * Returns the URI of a file, at Google's host as in real responses: `files.download` of `@google/genai` 2.32 reads the id
 * only from `https://` URIs, and then downloads from its own `baseUrl`.
 */
export function fileUri(name: string): string {
  return `https://generativelanguage.googleapis.com/v1beta/${name}`;
}

/** Returns the URI of the content of a generated file: the `uri` of a video. */
export function downloadUri(name: string): string {
  return `${fileUri(name)}:download?alt=media`;
}

/** `ai.files`: resumable uploads, metadata, and downloads of generated files. `close` deletes all files from disk. */
export function filesResource(context: SimulatorContext): {
  readonly resource: SimulatedResource;
  readonly files: FileStore;
  close(): Promise<void>;
} {
  const files = new FileStore(context.clock);
  const uploads = new FileUploads(files);
  const resource: SimulatedResource = {
    routes: [
      {
        method: 'POST',
        path: UPLOADS,
        operation: 'files.upload',
        handle: async (request) => {
          const id = await uploads.start(request);
          const url = `${context.baseUrl}/upload/v1beta/files/${id}`;
          return { headers: { 'x-goog-upload-status': 'active', 'x-goog-upload-url': url }, json: {} };
        },
      },
      {
        method: 'POST',
        path: UPLOAD,
        operation: 'files.uploadChunk',
        handle: (request) => receiveChunk(uploads, request, files),
      },
      {
        method: 'GET',
        path: apiPath('files'),
        operation: 'files.list',
        handle: ({ query }) => {
          const { items, nextPageToken } = pageOf(files.list(), query, { defaultSize: 10, maxSize: 100 });
          return { json: { files: items.map((file) => fileView(file, files)), nextPageToken } };
        },
      },
      {
        method: 'GET',
        path: apiPath('files/([^/:]+)'),
        operation: 'files.get',
        handle: (request) => ({ json: fileView(files.get(nameIn(request)), files) }),
      },
      {
        method: 'DELETE',
        path: apiPath('files/([^/:]+)'),
        operation: 'files.delete',
        handle: async (request) => {
          await files.delete(nameIn(request));
          return { json: {} };
        },
      },
      {
        method: 'GET',
        path: apiPath('files/([^/:]+):download'),
        operation: 'files.download',
        handle: (request) => {
          if (request.query.get('alt') !== 'media') throw invalidArgument('Download with alt=media');
          return downloadOf(files, nameIn(request), request);
        },
      },
    ],
  };
  return { resource, files, close: () => files.close() };
}

async function receiveChunk(uploads: FileUploads, request: ApiRequest, files: FileStore): Promise<ApiResponse> {
  const progress = await uploads.continue(request.params[0] ?? '', request);
  const headers = { 'x-goog-upload-status': progress.status };
  if (progress.status === 'final') return { headers, json: { file: fileView(progress.file, files) } };
  if (progress.status === 'cancelled') return { headers, json: {} };
  return { headers: { ...headers, 'x-goog-upload-size-received': String(progress.receivedBytes) }, json: {} };
}

function nameIn({ params }: ApiRequest): string {
  return `files/${params[0] ?? ''}`;
}

function fileView(file: StoredFile, files: FileStore): JsonObject {
  return {
    name: file.name,
    displayName: file.displayName,
    mimeType: file.mimeType,
    sizeBytes: String(file.sizeBytes),
    createTime: new Date(file.createdAt).toISOString(),
    updateTime: new Date(file.createdAt).toISOString(),
    expirationTime: new Date(file.expiresAt).toISOString(),
    sha256Hash: file.sha256.toString('base64'),
    uri: fileUri(file.name),
    downloadUri: file.source === 'GENERATED' ? downloadUri(file.name) : undefined,
    state: files.stateOf(file),
    source: file.source,
    videoMetadata: file.seconds === undefined ? undefined : { videoDuration: `${file.seconds}s` },
  };
}
