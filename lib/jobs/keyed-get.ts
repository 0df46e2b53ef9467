import { GeminiWebhooksError } from '../errors.js';
import type { GeminiHttp } from './gemini-http.js';

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * A GET that gives the API key to the client's own API only. Redirects are followed by hand, because `fetch` takes
 * `x-goog-api-key` along to wherever it is sent; once a redirect has left the API, the key is not sent again.
 *
 * @throws GeminiWebhooksError `transfer_failed` for too many redirects, or one to an address that may not be read
 */
export async function keyedGet(
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

/** Whether a URL may be read: `https:`, and `http:` only beside an API that is itself on `http:`, as a simulator is. */
export function isReadable(http: GeminiHttp, url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && new URL(http.baseUrl).protocol === 'http:');
}

/** A URL as an error may show it: a signed one carries its secret in the query. */
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
