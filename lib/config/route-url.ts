import { GeminiWebhooksError } from '../errors.js';
import { quoted } from '../shared/check-object.js';
import { fillPath } from './gemini-webhooks.route.js';

/** Returns the mounted path of the module instance's route; `undefined` if this process does not mount it. */
export type MountedRoute = () => string | undefined;

/** Public URL of a module instance's route. */
export interface RouteUrl {
  readonly url: string;
  /** True for the mounted route below `publicUrl`; false for `publicUrl` itself. */
  readonly isMounted: boolean;
}

/**
 * Returns the route's public URL: `publicUrl` itself if it has a path, else the mounted route below it.
 *
 * @param owner name of the caller, for the error message
 * @throws GeminiWebhooksError `invalid_option` if `publicUrl` is missing or no route is mounted below it,
 *   `invalid_argument` for a missing parameter
 */
export function routeUrl(
  owner: string,
  publicUrl: URL | undefined,
  mounted: MountedRoute,
  params: Readonly<Record<string, string>>,
): RouteUrl {
  if (!publicUrl) {
    throw new GeminiWebhooksError(
      'invalid_option',
      `${owner}: the public URL of this app is not known. Set publicUrl or GEMINI_WEBHOOK_PUBLIC_URL, or give a uri.`,
    );
  }
  const { origin, pathname, search } = publicUrl;
  if (pathname !== '/') return { url: `${origin}${fillPath(pathname, params)}${search}`, isMounted: false };
  const path = mounted();
  if (path === undefined) {
    throw new GeminiWebhooksError(
      'invalid_option',
      `${owner}: publicUrl (GEMINI_WEBHOOK_PUBLIC_URL) is the origin ${origin}, but this process mounts no route below it. Give the route's full URL.`,
    );
  }
  return { url: `${origin}${fillPath(path, params)}${search}`, isMounted: true };
}

/**
 * Returns a webhook's URI unchanged if it is valid.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkedUri(owner: string, uri: string): string {
  const url = typeof uri === 'string' && URL.canParse(uri) ? new URL(uri) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !uri.includes('#')) return uri;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `${owner}: got uri ${quoted(uri)}. Give a full https: URL without a fragment.`,
  );
}
