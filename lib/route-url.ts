import { GeminiWebhooksError } from './errors.js';
import { fillPath } from './gemini-webhooks.route.js';

/** Where the registration's route is mounted in this process; `undefined` where it is not. */
export type MountedRoute = () => string | undefined;

/** Where Google reaches a registration's route. */
export interface RouteUrl {
  readonly url: string;
  /** Whether it is below `publicUrl` as this process mounts it, and not `publicUrl` itself. */
  readonly isMounted: boolean;
}

/**
 * The route's public URL: `publicUrl` itself when it has a path, else the mounted route below it.
 *
 * @param owner who asks, for the error
 * @throws GeminiWebhooksError `invalid_option` when `publicUrl` is missing or no route is mounted below it,
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
      `${owner}: where Google reaches this app is not known. Set publicUrl or GEMINI_WEBHOOK_PUBLIC_URL, or give a uri.`,
    );
  }
  const { origin, pathname, search } = publicUrl;
  if (pathname !== '/') return { url: `${origin}${fillPath(pathname, params)}${search}`, isMounted: false };
  const path = mounted();
  if (path === undefined) {
    throw new GeminiWebhooksError(
      'invalid_option',
      `${owner}: publicUrl is the origin ${origin}, but this process mounts no route below it. Give the route's full URL.`,
    );
  }
  return { url: `${origin}${fillPath(path, params)}${search}`, isMounted: true };
}

/**
 * A webhook's URI as it was given.
 *
 * @throws GeminiWebhooksError `invalid_argument`
 */
export function checkedUri(owner: string, uri: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !uri.includes('#')) return uri;
  throw new GeminiWebhooksError(
    'invalid_argument',
    `${owner}: got uri ${JSON.stringify(uri)}. Give a full https: URL without a fragment.`,
  );
}
