import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiHttp } from '../gemini-http.js';
import { isReadable } from './authenticated-get.js';

const GOOGLES_API = 'https://generativelanguage.googleapis.com';

/**
 * Returns the URL to download a file from. `files/…` and the URI of such a file become a URL at the client's own API,
 * which may be a simulator. Any other `https:` URL is returned as it is.
 *
 * @throws GeminiWebhooksError `invalid_argument` for anything else, `gs:` URIs among them
 */
export function fileUrl(http: GeminiHttp, file: string): URL {
  const url = URL.canParse(file) ? new URL(file) : undefined;
  if (!url) return downloadUrl(http, file);
  if (url.protocol === 'gs:') {
    throw new GeminiWebhooksError(
      'invalid_argument',
      `GeminiJobs: ${file} is in Cloud Storage, which the API key cannot access. Read it with @google-cloud/storage.`,
    );
  }
  if (!isReadable(http, url) || url.username !== '' || url.password !== '') {
    throw new GeminiWebhooksError(
      'invalid_argument',
      `GeminiJobs: got a ${url.protocol} URL of a file. Give an https: one without a user name or password, or files/….`,
    );
  }
  const isApis = url.origin === GOOGLES_API || isOfApi(http, url);
  const name = isApis ? fileNameOf(url) : undefined;
  return name === undefined ? url : downloadUrl(http, name);
}

/** True for a URL at the client's own API. */
export function isOfApi({ baseUrl }: GeminiHttp, url: URL): boolean {
  return url.origin === new URL(baseUrl).origin;
}

/** Returns the name of the API's file (`files/…`) in a URL. */
export function fileNameOf({ pathname }: URL): string | undefined {
  return /\/(files\/[^/:]+)(?::download)?$/.exec(pathname)?.[1];
}

function downloadUrl({ baseUrl }: GeminiHttp, name: string): URL {
  const id = /^(?:files\/)?([\w-]+)$/.exec(name)?.[1];
  if (id !== undefined) return new URL(`${baseUrl}/files/${id}:download?alt=media`);
  throw new GeminiWebhooksError(
    'invalid_argument',
    `GeminiJobs: got ${JSON.stringify(name)} for a file. Give its name (files/…) or its URI.`,
  );
}
