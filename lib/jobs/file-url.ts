import { GeminiWebhooksError } from '../errors.js';
import type { GeminiHttp } from './gemini-http.js';
import { isReadable } from './keyed-get.js';

const GOOGLES_API = 'https://generativelanguage.googleapis.com';

/**
 * Where a file of the API is downloaded: for `files/…` as the SDK does it, and likewise for the URI of such a file.
 * Any other `https:` URL stands for itself.
 *
 * @throws GeminiWebhooksError `invalid_argument` for what is neither, `gs:` URIs among them
 */
export function fileUrl(http: GeminiHttp, file: string): URL {
  const url = URL.canParse(file) ? new URL(file) : undefined;
  if (!url) return downloadUrl(http, file);
  if (url.protocol === 'gs:') {
    throw new GeminiWebhooksError(
      'invalid_argument',
      `GeminiJobs: ${file} lies in Cloud Storage, which the API key does not open. Read it with @google-cloud/storage.`,
    );
  }
  if (!isReadable(http, url) || url.username !== '' || url.password !== '') {
    throw new GeminiWebhooksError(
      'invalid_argument',
      `GeminiJobs: got a ${url.protocol} URL of a file. Give an https: one without a user name or password, or files/….`,
    );
  }
  const isApis = url.origin === GOOGLES_API || url.origin === new URL(http.baseUrl).origin;
  const name = isApis ? /\/(files\/[^/:]+)(?::download)?$/.exec(url.pathname)?.[1] : undefined;
  return name === undefined ? url : downloadUrl(http, name);
}

function downloadUrl({ baseUrl }: GeminiHttp, name: string): URL {
  const id = /^(?:files\/)?([\w-]+)$/.exec(name)?.[1];
  if (id !== undefined) return new URL(`${baseUrl}/files/${id}:download?alt=media`);
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs: got ${JSON.stringify(name)} for a file. Give its name (files/…) or its URI.`,
  );
}
