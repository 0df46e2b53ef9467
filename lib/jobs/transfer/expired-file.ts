import { loadGeminiSdk } from '../../config/gemini-client.js';
import type { ApiErrorWithHeaders } from '../api-error.js';
import { shownUrl } from './authenticated-get.js';

/**
 * Explains a 403 for a file of the API: Gemini returns it for files older than 48 hours and for files of another project. The
 * API's own error is the `cause`.
 */
export async function expiredFileError(url: URL, cause: ApiErrorWithHeaders): Promise<ApiErrorWithHeaders> {
  const message =
    `GeminiJobs: Gemini returns 403 for ${shownUrl(url)}. It keeps files for 48 hours, and shows them only to the ` +
    'project that owns them. Check the age of the file, then the API key.';
  const { ApiError } = await loadGeminiSdk();
  return Object.assign(new ApiError({ message, status: cause.status }), { headers: cause.headers, cause });
}
