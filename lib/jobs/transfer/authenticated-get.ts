import { GeminiWebhooksError } from '../../errors.js';
import type { GeminiHttp } from '../gemini-http.js';

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a GET with the API key, which goes to the client's own API only. Follows redirects itself, because `fetch` would send
 * `x-goog-api-key` to every host. Once a redirect has left the API, the key is not sent again.
 *
 * @throws GeminiWebhooksError `transfer_failed` for too many redirects, or for one to a forbidden URL
 */
export async function authenticatedGet(
  http: GeminiHttp,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let isOwn = true;
  let target = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    isOwn &&= target.origin === new URL(http.baseUrl).origin;
    const sent = new Headers(isOwn ? http.headers : {});
    for (const [name, value] of Object.entries(headers)) sent.set(name, value);
    const response = await http.fetch(target, { headers: sent, redirect: 'manual', ...(signal && { signal }) });
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    target = redirectTarget(http, target, location);
  }
  throw new GeminiWebhooksError(
    'transfer_failed',
    `GeminiJobs: ${shownUrl(url)} redirects more than ${MAX_REDIRECTS} times.`,
  );
}

/** True for a permitted URL: `https:`, and `http:` only if the API itself uses `http:`, as a simulator does. */
export function isReadable(http: GeminiHttp, url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && new URL(http.baseUrl).protocol === 'http:');
}

/** Returns a URL for error messages, without its query: that of a signed URL contains its secret. */
export function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function redirectTarget(http: GeminiHttp, from: URL, location: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (target && isReadable(http, target)) return target;
  throw new GeminiWebhooksError(
    'transfer_failed',
    `GeminiJobs: ${shownUrl(from)} redirects to ${target ? `a ${target.protocol} address` : 'no URL'}, which is not followed.`,
  );
}
