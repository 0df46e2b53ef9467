import { Readable } from 'node:stream';
import type { FileStore, StoredFile } from './file-store.js';
import { ApiError, type ApiResponse, type ApiRequest } from './simulated-api.js';

interface ByteRange {
  readonly start: number;
  /** Inclusive, as in the header. */
  readonly end: number;
}

/**
 * Returns the content of a file as a stream; part of it if the request has a `Range` with one part (RFC 9110).
 *
 * @throws ApiError 403 for an unknown file, 400 for an uploaded file or one in processing, 416 for a range beyond the end
 */
export function downloadOf(files: FileStore, name: string, request: ApiRequest): ApiResponse {
  const file = files.getActive(name);
  if (file.source !== 'GENERATED') {
    throw new ApiError(400, 'FAILED_PRECONDITION', `${name} was uploaded: only generated files can be downloaded.`);
  }
  const { afterBytes, ignoreRange } = files.takeCut();
  const range = ignoreRange ? undefined : rangeOf(request, file);
  const content = files.read(name, range);
  const body = afterBytes === Infinity ? content : Readable.from(brokenAfter(content, afterBytes));
  const headers = {
    'content-type': file.mimeType,
    'accept-ranges': 'bytes',
    etag: entityTag(file),
  };
  if (range === undefined) {
    return { status: 200, headers: { ...headers, 'content-length': String(file.sizeBytes) }, body };
  }
  return {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(range.end - range.start + 1),
      'content-range': `bytes ${range.start}-${range.end}/${file.sizeBytes}`,
    },
    body,
  };
}

function rangeOf({ headers }: ApiRequest, file: StoredFile): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (headers['if-range'] !== undefined && headers['if-range'] !== entityTag(file)) return undefined;
  const start = first === '' ? Math.max(0, file.sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? file.sizeBytes - 1 : Math.min(Number(last), file.sizeBytes - 1);
  if (start > end) {
    throw new ApiError(416, 'OUT_OF_RANGE', 'The range is beyond the end of the file.', {
      'content-range': `bytes */${file.sizeBytes}`,
    });
  }
  return { start, end };
}

function entityTag({ sha256 }: StoredFile): string {
  return `"${sha256.toString('hex')}"`;
}

async function* brokenAfter(content: Readable, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) throw new Error('cutDownloadsAfter closes this download');
  }
}
